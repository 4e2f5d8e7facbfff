"""One process at a time in a run's folder.

The lock is the operating system's, on an open file: it ends with its process, however that ends. What the file says
(process, host) is only for the message to whoever comes second.
"""

import contextlib
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from threading import get_ident

from nndl.disk import lock_file
from nndl.errors import UsageError
from nndl.paths import resolved
from nndl.runs.files import ForeignFileError, has_other_names, open_own, read_bounded
from nndl.runs.plain import parse_json


class InUseError(UsageError):
    """Another process has the run."""


LOCK = ".lock"
"""The file in a run's folder that is locked."""
LONGEST = 4096
"""Bytes of what it says."""

_held: dict[Path, tuple[int, int]] = {}
"""The folders that are locked here, and by which process and thread: a forked child has none of its parent's."""


@contextlib.contextmanager
def lock_run(folder: Path) -> Iterator[None]:
    """Keep other processes and threads out of the folder; within another `lock_run` of the same folder do nothing.

    Raises InUseError where another process or thread has the lock, UsageError where the folder cannot be written to.
    """
    path, here = resolved(folder), (os.getpid(), get_ident())
    if _held.get(path) == here:
        yield
        return
    if _held.get(path, (0, 0))[0] == here[0]:
        raise InUseError(f"{folder} is in use by another thread of this process; a run takes one at a time")
    with _opened(folder) as file:
        _claim(file, folder)
        _held[path] = here
        try:
            yield
        finally:
            _held.pop(path, None)
            _write(file, b"")


def is_locked(path: Path) -> bool | None:
    """Tell whether a process, this one included, has the lock of the run in `path`; None where that is unknown."""
    if resolved(path) in _held:
        return True
    try:
        handle = open_own(path / LOCK, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    except OSError:
        return None
    try:
        lock_file(handle)
    except (BlockingIOError, PermissionError):
        return True
    except OSError:
        return None
    finally:
        os.close(handle)
    return False


def _opened(folder: Path) -> FileIO:
    try:
        return FileIO(open_own(folder / LOCK, os.O_RDWR | os.O_CREAT), "r+")
    except ForeignFileError as error:
        raise UsageError(f"{error}; remove it, if you know what it is for") from None
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written to ({error.strerror}), and a run writes to its folder; "
            "mend that, or copy the folder to where you may write"
        ) from None


def _claim(file: FileIO, folder: Path) -> None:
    """Lock the file and write down who has it; a file system without locks is taken as it is."""
    try:
        _lock_soon(file.fileno())
    except (BlockingIOError, PermissionError):
        raise InUseError(f"{folder} is in use by {_owner(folder)}; a run takes one process at a time") from None
    except OSError:
        return
    _write(file, json.dumps({"pid": os.getpid(), "host": platform.node()}).encode())


def _write(file: FileIO, content: bytes) -> None:
    """Make this what the file says, if it is ours: it has no other name, and is empty or says who had it."""
    with contextlib.suppress(OSError):
        file.seek(0)
        said = file.read(LONGEST)
        if not has_other_names(file.fileno()) and (not said or _owner_of(said)):
            file.seek(0)
            file.truncate(0)
            file.write(content)


def _lock_soon(handle: int) -> None:
    """Lock; where that fails try again for a moment, since `is_locked` has it for one."""
    for wait in (0.01, 0.03, 0.1):
        with contextlib.suppress(BlockingIOError, PermissionError):
            return lock_file(handle)
        time.sleep(wait)
    return lock_file(handle)


def _owner(folder: Path) -> str:
    with contextlib.suppress(OSError):
        return _owner_of(read_bounded(folder / LOCK, LONGEST)) or "another process"
    return "another process"


def _owner_of(said: bytes) -> str | None:
    """Name who has the lock, by its file: "process 12 on snail"; None where that says nothing of ours."""
    with contextlib.suppress(ValueError):
        owner = parse_json(said.decode("utf-8"))
        if isinstance(owner, dict) and owner.keys() == {"pid", "host"} and isinstance(owner["pid"], int):
            return f"process {owner['pid']} on {owner['host']}"
    return None
