"""Unpacking a .tar.gz that came from elsewhere: only the files expected, never outside the folder, all or nothing."""

import contextlib
import gzip
import io
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath

from nndl.disk import sync
from nndl.errors import DataError

_MEMBERS = 1000  # archives of CIFAR hold about ten
_EXTENDED = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_LARGEST_HEADER = 1 << 16  # bytes; those of names and times have some hundred
_STALE = 3600.0  # seconds: no unpacking takes as long


def extract(
    archive: Path,
    target: Path,
    limits: Mapping[str, int],
    required: Collection[str],
    finish: Callable[[Path], None] | None = None,
) -> Path:
    """Unpack the files named in limits (name: most bytes) into the folder target, replacing it; returns target.

    Files are written to a temporary folder beside target, which takes its name only when every required file is whole
    and `finish` has been called on it. Regular files of other names are left out; a link, a device or a path leading
    outside refuses the archive. Raises DataError.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _temporary_folder(target) as folder:
            found = _unpack(archive, folder, limits)
            if missing := [name for name in required if name not in found]:
                raise DataError(f"{archive}: holds no {', '.join(missing)}")
            if finish:
                finish(folder)
            _replace(folder, target)
    except OSError as error:
        raise DataError(f"{archive}: cannot be unpacked into {target.parent}: {error.strerror or error}") from None
    return target


def _unpack(archive: Path, folder: Path, limits: Mapping[str, int]) -> set[str | None]:
    """Unpack an archive; returns the names of the files written."""
    try:
        with gzip.open(archive) as plain, _Bounded(plain, archive, limits) as stream:
            with tarfile.open(fileobj=stream, mode="r|", bufsize=1 << 20, tarinfo=_Member) as tar:
                found = {_extract_member(tar, archive, member, folder, limits) for member in _checked(tar, archive)}
            while stream.read(1 << 20):  # to the end, where gzip keeps the checksum
                pass
    except (DataError, MemoryError):
        raise
    except OSError as error:
        if not isinstance(error, gzip.BadGzipFile):
            raise  # of the disk
        raise DataError(f"{archive}: not a whole .tar.gz archive: {error}") from None
    except Exception as error:  # of a header, tarfile raises what int and split do
        raise DataError(f"{archive}: not a whole .tar.gz archive: {str(error)[:200]}") from None
    return found


class _Member(tarfile.TarInfo):
    """A member's header; an extended one, which tarfile reads as a whole, may not claim to be large."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Member":
        """Read the header in 512 bytes."""
        member = super().frombuf(buf, encoding, errors)
        if member.type in _EXTENDED and not 0 <= member.size <= _LARGEST_HEADER:
            raise ValueError(f"a header of {member.size:,} bytes")
        return member


def most_bytes(limits: Mapping[str, int]) -> int:
    """Return the most that an archive is read of, packed or unpacked: twice what the expected files need, and some."""
    return 2 * sum(limits.values()) + (16 << 20)


class _Bounded(io.RawIOBase):
    """The unpacked stream, ended where it is more than is read: kilobytes may unpack to terabytes."""

    def __init__(self, stream: gzip.GzipFile, archive: Path, limits: Mapping[str, int]) -> None:
        self._stream, self._archive = stream, archive
        self._left = most_bytes(limits)

    def read(self, size: int = -1) -> bytes:
        """Read the next bytes, as tarfile asks for them."""
        block = self._stream.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise DataError(f"{self._archive}: refused: it unpacks to far more than the files expected")
        return block


@contextlib.contextmanager
def _temporary_folder(target: Path) -> Iterator[Path]:
    _sweep(target)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    with contextlib.suppress(OSError):  # of file systems that know no modes
        folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(target: Path) -> None:
    """Remove what a killed process left an hour ago or more."""
    for left in target.parent.glob(f".{target.name}.*"):
        with contextlib.suppress(OSError):
            if left.is_dir() and time.time() - left.stat().st_mtime > _STALE:
                shutil.rmtree(left)


def _checked(tar: tarfile.TarFile, archive: Path) -> Iterator[tarfile.TarInfo]:
    """Yield the archive's regular files, refusing it at the first member that no honest archive of images holds."""
    for number, member in enumerate(tar):
        path = PurePosixPath(member.name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in member.name or number >= _MEMBERS:
            raise DataError(f"{archive}: refused: its member {member.name!r} leads outside the archive")
        if not (member.isreg() or member.isdir()):
            raise DataError(f"{archive}: refused: its member {member.name!r} is a link or a device")
        if member.isreg():
            yield member


def _extract_member(
    tar: tarfile.TarFile, archive: Path, member: tarfile.TarInfo, folder: Path, limits: Mapping[str, int]
) -> str | None:
    """Write one expected file under its last name; returns that name, or None for a file nobody asked for."""
    name = PurePosixPath(member.name).name
    if name not in limits:
        return None
    if member.size > limits[name]:
        raise DataError(
            f"{archive}: refused: {name} would have {member.size:,} bytes, at most {limits[name]:,} expected"
        )
    source = tar.extractfile(member)
    if source is None:
        raise DataError(f"{archive}: {name} cannot be read")
    with source, (folder / name).open("wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
        sink.flush()
        sync(sink.fileno())
    return name


def _replace(folder: Path, target: Path) -> None:
    """Give the whole folder its final name; what stood there is moved aside first and removed after."""
    if not target.exists():
        folder.replace(target)
        return
    with _temporary_folder(target) as aside:
        old = target.replace(aside / target.name)
        try:
            folder.replace(target)
        except OSError:
            old.replace(target)
            raise
