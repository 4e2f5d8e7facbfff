"""Calls on files that not every file system answers: locks, which end with their process however it ends, and syncs."""

import contextlib
import errno
import os
import sys
from pathlib import Path

_CANNOT = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
"""Answers of a file system that knows no fsync, rather than of one whose disk fails."""

if sys.platform == "win32":
    import msvcrt

    def lock_file(handle: int) -> None:
        """Lock one byte far behind what is written, which others may go on reading.

        Raises BlockingIOError or PermissionError where another process has it, OSError where there are no locks.
        """
        os.lseek(handle, 1 << 30, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)

else:
    import fcntl

    def lock_file(handle: int) -> None:
        """Lock the file.

        Raises BlockingIOError or PermissionError where another process has it, OSError where there are no locks.
        """
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def sync(handle: int) -> None:
    """See an open file onto the disk, where its file system can. Raises OSError where the disk fails."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise


def sync_folder(folder: Path) -> None:
    """Make the new name itself last through a power cut, where the system can (Windows cannot open folders)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
