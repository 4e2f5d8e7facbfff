"""Files of a run's folder, which may come from a stranger: plain files of a bounded size, or refused in words.

A link in such a folder may lead to any file of ours, a named pipe never answers, a device never ends. What is read or
written there is therefore opened without following a link and must be a regular file. That the folder itself is a link
is its owner's matter. Whoever replaces a file, as `nndl.runs.atomic` does, follows no link either.
"""

import errno
import os
import stat
from io import BufferedReader, FileIO
from pathlib import Path

from nndl.errors import NndlError
from nndl.paths import KINDS

MOST_TEXT = 1 << 22
"""Bytes of a config or of a JSON file; the summary of a run on 100 classes has 60 thousand."""

_SAFE = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"))
"""Windows has the last of them only; there `_refuse` alone looks for links, just before."""


class ForeignFileError(NndlError, OSError):
    """A file under the name of a run's that is none of a run's, or larger than one can be."""

    def __init__(self, path: Path, words: str) -> None:
        super().__init__(errno.EINVAL, words, str(path))

    def __str__(self) -> str:
        return f"{self.filename} {self.strerror}"


def open_own(path: Path, flags: int, mode: int = 0o666) -> int:
    """Open a regular file as `os.open` does, but follow no link and wait for nobody.

    Raises ForeignFileError for a link, a folder, a named pipe or a device, and OSError as `os.open` does.
    """
    _refuse(path)
    try:
        handle = os.open(path, flags | _SAFE, mode)
    except OSError:
        _refuse(path)  # it took the file's place just now
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ForeignFileError(path, "is no regular file, as those of a run are")
    return handle


def open_to_read(path: Path) -> BufferedReader:
    """Open a file of a run to read its bytes; raises what `open_own` raises."""
    return os.fdopen(open_own(path, os.O_RDONLY), "rb")


def open_to_append(path: Path) -> FileIO:
    """Open a file, new if need be, to write at its end; refuse one that has other names, since they would change too.

    Raises what `open_own` raises.
    """
    handle = open_own(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    if has_other_names(handle):
        os.close(handle)
        raise ForeignFileError(path, "is a file of several names (hard links), and writing would change them all")
    return FileIO(handle, "a")


def has_other_names(handle: int) -> bool:
    """Tell whether an open file stands elsewhere too, by a hard link."""
    return os.fstat(handle).st_nlink > 1


def read_bounded(path: Path, most: int = MOST_TEXT) -> bytes:
    """Read a whole file; raises ForeignFileError where it has more than `most` bytes, and what `open_own` raises."""
    with open_to_read(path) as file:
        content = file.read(most + 1) if os.fstat(file.fileno()).st_size <= most else None
    if content is None or len(content) > most:
        raise ForeignFileError(path, f"has more than {most:,} bytes, too many for a file of a run")
    return content


def is_there(path: Path) -> bool:
    """Tell whether anything bears this name, be it a link that leads nowhere: a file is missing or is looked at."""
    return os.path.lexists(path)


def own_folder(path: Path, *, links: bool = False) -> Path:
    """Make a folder inside a run's, unless it is there, for a program that opens files there in its own way.

    Raises ForeignFileError for a link in its place, and for what it holds that is neither file nor folder, as a link
    that waits under a name that may be guessed; where the program makes `links` of its own, these may be there.
    """
    path.mkdir(exist_ok=True)
    if not stat.S_ISDIR(path.lstat().st_mode):
        raise ForeignFileError(path, "is a link, not a folder")
    with os.scandir(path) as entries:
        for entry in entries:
            known = entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)
            if not (known or (links and entry.is_symlink())):
                raise ForeignFileError(Path(entry.path), "is neither a file nor a folder")
    return path


def _refuse(path: Path) -> None:
    """Raise ForeignFileError for what is there and is no regular file."""
    try:
        kind = stat.S_IFMT(path.lstat().st_mode)
    except OSError:
        return
    if kind != stat.S_IFREG:
        raise ForeignFileError(path, f"is {KINDS.get(kind, 'no regular file')}, not a file, as those of a run are")
