"""The Python code that a config uses: found by its file or its module's name, and read without being run."""

import hashlib
import os
import re
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.machinery import ModuleSpec
from pathlib import Path

from nndl.errors import ConfigError
from nndl.paths import KINDS, expanded
from nndl.visible import visible

MOST_BYTES = 1 << 20
"""Bytes of a file: more is no code that somebody wrote."""
KEPT = "use"
"""The folder, in that of a run, where it keeps the code that it uses."""
MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class SourceError(ConfigError):
    """Code that a config uses is not to be had, or cannot be run."""


@dataclass(frozen=True)
class Source:
    """A file of Python that brings parts."""

    name: str
    """As a config says it: a file, or package.module."""
    content: bytes = field(repr=False)
    path: str
    """The file's, from anywhere."""
    package: str = ""
    """The package that a module is part of; empty for a file."""

    @property
    def sha256(self) -> str:
        """Return the content's SHA-256 in hex."""
        return hashlib.sha256(self.content).hexdigest()

    def __str__(self) -> str:
        """Say which it is: its name, the beginning of its digest, its size."""
        return f"{visible(self.name)} (sha256 {self.sha256[:16]}, {len(self.content):,} bytes)"


def find_source(name: str, folder: Path, copy: str | None = None) -> Source:
    """Read the file or module that a config in `folder` calls `name`. Raises SourceError; nothing is run.

    copy: the name under which a run or a sweep keeps the file, which serves where there is none of its own name.
    """
    if is_file_name(name):
        path = folder / expanded(name)
        if copy is not None and not os.path.lexists(path) and (kept := folder / KEPT / copy).is_file():
            path = kept
        return Source(name, read_source(path, name), str(path.absolute()))
    if not MODULE.fullmatch(name):
        raise SourceError(f"{visible(name)!r} is neither a file (my_layers.py) nor a module (package.module)")
    spec = _spec(name, folder)
    if not (spec.origin or "").endswith(".py"):
        raise SourceError(f"{name} is a module without a file of Python that could be read and kept with the run")
    inside = spec.submodule_search_locations is not None
    package = name if inside else spec.parent or ""
    return Source(name, read_source(Path(str(spec.origin)), name), str(spec.origin), package)


def digest_of(sources: Sequence[Source]) -> str:
    """Compute one SHA-256 in hex of all of this code, whatever its files are called."""
    return hashlib.sha256("".join(each.sha256 for each in sources).encode()).hexdigest()


def copy_names(names: Sequence[str]) -> list[str]:
    """Return the name under which a run keeps each file: a plain one, that every system takes, and no two alike."""
    stems = [Path(name).stem if is_file_name(name) else name for name in names]
    plain = [re.sub("[^A-Za-z0-9._-]+", "_", re.sub("^[0-9]+-", "", stem))[:80] for stem in stems]
    return [f"{number}-{stem}.py" for number, stem in enumerate(plain, 1)]


def is_file_name(name: str) -> bool:
    """Tell whether a config means a file by this, not a module."""
    return name.endswith(".py") or "/" in name or os.sep in name


def _spec(name: str, folder: Path) -> ModuleSpec:
    """Find a module without importing the packages around it, as importlib's find_spec would."""
    words = name.split(".")
    spec, path = None, None
    for depth in range(1, len(words) + 1):
        part = ".".join(words[:depth])
        found = (finder.find_spec(part, path) for finder in sys.meta_path if hasattr(finder, "find_spec"))
        spec = next((each for each in found if each is not None), None)
        if spec is None:
            beside = f"; for the file beside the config write {words[0]}.py" if _beside(words, folder) else ""
            raise SourceError(f"there is no module {part}{beside}")
        path = spec.submodule_search_locations
        if path is None and depth < len(words):
            raise SourceError(f"{part} is no package, so there is no {name}")
    assert spec is not None
    return spec


def _beside(words: list[str], folder: Path) -> bool:
    return len(words) == 1 and (folder / f"{words[0]}.py").is_file()


def read_source(path: Path, name: str) -> bytes:
    """Read a regular file of a bounded size that is UTF-8; wait for nobody."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise SourceError(f"there is no file {visible(name)}{_near(path)}") from None
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or error
        raise SourceError(f"{visible(name)} cannot be read: {words}") from None
    kind = stat.S_IFMT(os.fstat(handle).st_mode)
    if kind != stat.S_IFREG:
        os.close(handle)
        raise SourceError(f"{visible(name)} is {KINDS.get(kind, 'no regular file')}, not a file of Python")
    with os.fdopen(handle, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    return checked(content, name)


def checked(content: bytes, name: str) -> bytes:
    """Return the bytes of a file of Python; raises SourceError for too many, and for those that are no UTF-8."""
    if len(content) > MOST_BYTES:
        raise SourceError(f"{visible(name)} has more than {MOST_BYTES:,} bytes, too many for a file of parts")
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{visible(name)} is not UTF-8 text (see byte {error.start}); save it as UTF-8") from None
    return content


def _near(path: Path) -> str:
    """Name the file of Python in the same folder that is spelt nearly so."""
    try:
        names = sorted(each.name for each in path.parent.iterdir() if each.suffix == ".py")
    except OSError:
        return f"; {path.parent} is no folder that can be read"
    meant = get_close_matches(path.name, names, 1)
    return f"; did you mean {visible(meant[0])!r}?" if meant else f" in {path.parent}"
