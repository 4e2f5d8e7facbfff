"""Trust in code: which this user has chosen to run before, and a word for this once.

Code is known by its content: that of a config whose training this user began is noted in a file of their own, outside
of all run folders. A stranger's run brings code whose content is not there, and nothing in its folder can change that.
"""

import contextlib
import hashlib
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from nndl.errors import NndlError
from nndl.own.running import has_run
from nndl.own.source import Source
from nndl.visible import visible

VARIABLE = "NNDL_TRUST"
"""Set to 1 by `--trust`, for this command and the processes that it starts."""
MOST_BYTES = 1 << 24
"""Bytes of the file that are read: of two hundred thousand texts."""


class UntrustedError(NndlError):
    """Code that a run, or a config that is only looked at, brings is not run unasked."""

    exit_code = 2


def store() -> Path:
    """Return this user's file of known code: NNDL_KNOWN_CODE, or where this system keeps what programs remember."""
    if given := os.environ.get("NNDL_KNOWN_CODE"):
        return Path(given)
    if sys.platform == "win32":
        home = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        home = Path.home() / "Library" / "Application Support"
    else:
        home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return home / "nndl" / "known-code"


def mark(source: Source) -> str:
    """Return what stands for a text in the file: the SHA-256 of it and of the package that its imports are within."""
    return hashlib.sha256(f"{source.package}\n".encode() + source.content).hexdigest()


def known(source: Source) -> bool:
    """Tell whether this user has chosen to run this text before."""
    return mark(source) in _noted()


def note(sources: Sequence[Source]) -> None:
    """Note that this user chose to run these; where that cannot be written, they are asked again another time."""
    new = [each for each in map(mark, sources) if each not in _noted()] if sources else []
    if not new:
        return
    with contextlib.suppress(OSError, RuntimeError):
        path = store()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        handle = os.open(path, flags, 0o600)
        try:
            os.write(handle, "".join(f"{each}\n" for each in new).encode())
        finally:
            os.close(handle)


def _noted() -> frozenset[str]:
    """Read the file; of one that is not this user's own, or a link, nothing is believed."""
    try:
        handle = os.open(store(), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except (OSError, RuntimeError):  # there is none, or nobody knows where home is
        return frozenset()
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(file.fileno())
        if not (stat.S_ISREG(about.st_mode) and _is_own(about)):
            return frozenset()
        return frozenset(file.read(MOST_BYTES).decode("ascii", "replace").split("\n"))


def _is_own(about: os.stat_result) -> bool:
    """Tell whether nobody but this user, or root, can write there; Windows keeps each user's folders apart itself."""
    if sys.platform == "win32":
        return True
    return about.st_uid == os.geteuid() and not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def is_run(folder: Path) -> bool:
    """Tell whether a folder is a run's, by what only a run has: a config there need not be its reader's own choice."""
    names = ("use.json", "environment.json", "summary.json", "metrics.jsonl")
    return any(os.path.lexists(folder / name) for name in names)


def asked_for() -> bool:
    """Tell whether the person said --trust."""
    return os.environ.get(VARIABLE) == "1"


@contextlib.contextmanager
def trusting(wanted: bool = True) -> Iterator[None]:
    """Run, within, what is not known too, here and in the processes that are started, if that is wanted."""
    before = os.environ.get(VARIABLE)
    if wanted:
        os.environ[VARIABLE] = "1"
    try:
        yield
    finally:
        if wanted:
            os.environ.pop(VARIABLE)
            os.environ |= {} if before is None else {VARIABLE: before}


def refuse_unknown(sources: Sequence[Source], who: str, otherwise: str = "") -> None:
    """Raise UntrustedError where this user has not chosen to run one of these, and said no --trust.

    who: what brings them, as the message begins; otherwise: another way than --trust.
    """
    new = [] if asked_for() else [each for each in sources if not (has_run(each) or known(each))]
    if new:
        files, places = ", ".join(map(str, new)), "\n".join(f"  {visible(each.path)}" for each in new)
        raise UntrustedError(
            f"{who} brings Python code that has not been run here before: {files}\n{places}\n"
            f"read it first; --trust then runs it{otherwise}"
        )
