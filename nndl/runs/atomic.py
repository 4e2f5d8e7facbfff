"""Writing a file so that whoever reads it finds the old one or the new one, never a part."""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from nndl.disk import sync, sync_folder
from nndl.runs.files import open_own


def write_atomically(path: Path, content: bytes | str, like: Path | None = None) -> None:
    """Write to a temporary file in the same folder, sync it, and give it the name; text is UTF-8.

    A file that was there, or `like`, hands its mode on; a new one has that of any other file, as the umask says.
    Raises OSError, which names `path`, where that cannot be done.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    mode = _mode(like or path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        new = open_own(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
        with os.fdopen(new, "wb") as file:
            file.write(data)
            file.flush()
            sync(file.fileno())
        if mode is not None and _mode(temporary) != mode:  # the umask took from it
            with contextlib.suppress(OSError):  # of file systems that know no modes
                temporary.chmod(mode)
        temporary.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.filename in (None, str(temporary)):
            error.filename = str(path)
        raise
    sync_folder(path.parent)


def _mode(path: Path) -> int | None:
    """Return the permissions of a file; None where there is none."""
    with contextlib.suppress(OSError):
        found = path.lstat().st_mode
        return stat.S_IMODE(found) & 0o777 if stat.S_ISREG(found) else None
    return None
