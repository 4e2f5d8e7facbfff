"""Paths as people write them."""

import contextlib
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

from nndl.errors import UsageError

KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
"""Kinds of what stands in the place of a file, by `stat.S_IFMT`."""


def to_write(path: str | os.PathLike[str]) -> Path:
    """Return the path expanded; raises UsageError for -, which elsewhere is stdout, where only `runs export` writes.

    And for what stands there and is no file.
    """
    if os.fspath(path) == "-":
        raise UsageError("- is no file to write; name one (./- for one of that name)")
    return writable(expanded(path))


def writable(path: Path) -> Path:
    """Return the path; raises UsageError where a link, a named pipe or a device would be replaced by a file."""
    with contextlib.suppress(OSError, ValueError):  # nothing is there
        kind = stat.S_IFMT(path.lstat().st_mode)
        if kind != stat.S_IFREG and not path.is_dir():
            raise UsageError(f"{path} is {KINDS.get(kind, 'no file')}, and only files are written over; name another")
    return path


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return the path with the home folder in the place of a ~ or ~user it begins with.

    A shell does so for a word that begins with ~, but not behind an =, and nobody does for what stands in a config.
    Raises UsageError where there is no such user, and for what is no path.
    """
    if not isinstance(path, str | os.PathLike):
        raise UsageError(f"a path is a text or a pathlib.Path, not {type(path).__name__}")
    plain = Path(path)
    if not os.fspath(path).startswith("~"):
        return plain.absolute() if str(plain).startswith("~") else plain  # ./~ is a folder of that name, now and later
    try:
        return plain.expanduser()
    except RuntimeError:
        home = plain.parts[0]
        raise UsageError(
            f"{path}: whose home {home} is cannot be told; for a folder of that name write ./{home}"
        ) from None


def resolved(path: Path) -> Path:
    """Return the path absolute and without links, of which those that lead in a circle stay (`resolve` fails there)."""
    return Path(os.path.realpath(path))


def placed(path: Path) -> str:
    """Return a path where nothing is with the place that it means, if relative: pets (from here /home/me/pets)."""
    link = ", a link that leads to nothing," if path.is_symlink() else ""
    return f"{path}{link}" if path.is_absolute() else f"{path}{link} (from here {resolved(path)})"


def quoted(text: str) -> str:
    """Return a word of a command as it is typed into this system's shell: in quotes where it has to be.

    In $'...' stands what cannot be typed or seen, byte by byte: a name may hold an escape, or bytes that are no text.
    """
    if sys.platform == "win32":
        return subprocess.list2cmdline([text])
    return shlex.quote(text) if text.isprintable() else f"$'{''.join(map(_typed, text))}'"


def _typed(char: str) -> str:
    """Return a character as it stands within $'...'."""
    if char.isprintable():
        return f"\\{char}" if char in "\\'" else char
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))


def word(path: str | os.PathLike[str]) -> str:
    """Return a path as a word of a command that may be copied into a shell: never taken for an option, or for two."""
    text = os.fspath(path)
    return quoted(f"./{text}" if text.startswith("-") else text)
