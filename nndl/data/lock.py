"""One process at a time in a data set's folder: a locked file beside it."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from nndl.disk import lock_file

_PAUSE = 0.1  # seconds between two attempts to have the lock


def lock_of(folder: Path) -> Path:
    """Return the file beside a data set's folder that whoever fills it has locked."""
    return folder.with_name(f".{folder.name}.lock")


@contextlib.contextmanager
def alone(path: Path, wait: float = 0.0) -> Iterator[None]:
    """Keep other processes out of `alone` of the same path, within: a file that is made for it, and removed after.

    Waits so many seconds for another to end, then raises BlockingIOError. Where no such file can be made (a folder one
    may only read) or locked (a file system without locks), nobody is kept out.
    """
    handle = _locked(path, time.monotonic() + wait)
    try:
        yield
    finally:
        if handle is not None:
            _release(handle, path)


def _locked(path: Path, until: float) -> int | None:
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
        except OSError:
            return None
        try:
            lock_file(handle)
            if _is_at(handle, path):
                return handle
            os.close(handle)  # the one before has just removed it
        except (BlockingIOError, PermissionError):
            os.close(handle)
            if time.monotonic() >= until:
                raise BlockingIOError(f"{path} is locked by another process") from None
            time.sleep(_PAUSE)
        except OSError:
            os.close(handle)
            return None


def _is_at(handle: int, path: Path) -> bool:
    """Tell whether the open file is still the one of that name."""
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(handle), path.stat())
    return False


def _release(handle: int, path: Path) -> None:
    """Remove the file while it is locked, so that nobody locks what is about to go; Windows removes no open one."""
    if sys.platform == "win32":
        os.close(handle)
    with contextlib.suppress(OSError):
        path.unlink()
    if sys.platform != "win32":
        os.close(handle)
