"""CIFAR onto this machine: find what is there, fetch what is not, check it, unpack it."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nndl.data.answer import Patience
from nndl.data.archive import extract, most_bytes
from nndl.data.installed import Manifest, inspect
from nndl.data.lock import alone, lock_of
from nndl.data.official import RELEASES, TITLES, Release
from nndl.data.part import Checksum, Part, file_digest
from nndl.data.transfer import Expected, Progress, Silent, Transfer, download
from nndl.errors import DataError, DownloadError, UsageError

__all__ = ["Outcome", "Patience", "Progress", "Silent", "Transfer", "choose_release", "download", "fetch_cifar", "kept"]


@dataclass(frozen=True)
class Outcome:
    """The outcome of fetch_cifar: files checked, an archive that was there unpacked, one downloaded, or files mended.

    `official` is whether the bytes are those published (None: nothing to tell it by); transfer is None without network.
    """

    action: Literal["verified", "unpacked", "downloaded"]
    release: Release
    folder: Path
    official: bool | None
    checksum: Checksum | None = None
    transfer: Transfer | None = None
    mended: tuple[str, ...] = ()


def fetch_cifar(
    dataset: str = "cifar10",
    format: str | None = None,
    root: Path = Path("data"),
    *,
    urls: Sequence[str] = (),
    sha256: str | None = None,
    verify: bool = False,
    progress: Progress | None = None,
    patience: Patience | None = None,
) -> Outcome:
    """See that root holds the data set, whole. A folder or an archive that is there already is checked and used.

    urls replace the official host and its mirrors; sha256 is the sum of an archive that is not the official one. With
    verify, damaged files are mended, from the archive if that is still there. Raises DataError (also where another
    process is at this), DownloadError or UsageError.
    """
    root = Path(root)
    _refuse_file(root)
    release = choose_release(dataset, format, root)
    folder = root / release.folder
    with contextlib.suppress(OSError):  # where it cannot be made, that is told when it is needed
        root.mkdir(parents=True, exist_ok=True)
    try:
        with alone(lock_of(folder)):
            return _fetch(release, folder, urls, sha256, verify, progress, patience)
    except BlockingIOError:
        there = f"another process is fetching or unpacking {TITLES[dataset]} into {root}"
        raise DataError(f"{there}; once it has ended, the same command checks what it brought") from None


def _fetch(
    release: Release,
    folder: Path,
    urls: Sequence[str],
    sha256: str | None,
    verify: bool,
    progress: Progress | None,
    patience: Patience | None,
) -> Outcome:
    damage: tuple[str, ...] = ()
    if folder.is_dir():
        condition = inspect(folder, release)
        _refuse_other(folder, sha256)
        damage = condition.damage
        if not damage:
            return Outcome("verified", release, folder, condition.official)
        if not verify:
            raise DataError(f"{folder} is damaged:{_listed(damage)}\nThe same command with --verify mends it.")
    source = _source(release, folder, urls, sha256)
    return _install(release, folder, source, damage, verify, progress, patience)


def _refuse_file(root: Path) -> None:
    """Raise UsageError where root, or a folder that it would stand in, is there and no folder."""
    there = next((each for each in (root, *root.parents) if each.exists() or each.is_symlink()), root)
    if there.is_dir() or not (there.exists() or there.is_symlink()):
        return
    if there.name in {release.archive for release in RELEASES}:
        raise UsageError(f"{there} is the archive itself; --root takes the folder that it lies in: {there.parent}")
    what = "leads nowhere" if not there.exists() else "is a file" if there.is_file() else "is no folder"
    raise UsageError(f"{there} {what}; --root takes the folder that the images are to lie in")


def choose_release(dataset: str, format: str | None, root: Path) -> Release:
    """Return the release meant; without a format, the one that root has something of, else the binary one."""
    releases = [release for release in RELEASES if release.dataset == dataset and format in (None, release.format)]
    if not releases:
        words = f"--dataset {dataset}" if dataset not in TITLES else f"--format {format}"
        raise UsageError(f"{words} is not known: --dataset is cifar10 or cifar100, --format binary or python")
    for release in releases:
        if (root / release.folder).is_dir():
            return release
    return next((release for release in releases if (root / release.archive).is_file()), releases[0])


def kept(release: Release, root: Path) -> tuple[Path, int]:
    """Return the file in which an unfinished download of a release waits, and how many bytes it has."""
    part = Part(root / release.archive)
    return part.path, part.size


@dataclass(frozen=True)
class _Source:
    """The addresses of an archive, what is expected of it, whether the caller stated its sum; advice."""

    urls: tuple[str, ...]
    expected: Expected
    stated: bool
    hint: str = ""


def _source(release: Release, folder: Path, urls: Sequence[str], sha256: str | None) -> _Source:
    """Find the source: the caller's words first, then what the folder's manifest remembers, then the official ones."""
    official = Checksum(release.algorithm, release.digest)
    manifest = Manifest.read(folder)
    checksum = Checksum("sha256", sha256.lower()) if sha256 else manifest.archive if manifest else official
    remembered = (manifest.source,) if manifest and manifest.source and checksum != official else release.urls
    size = release.size if checksum == official else None
    hint = "\nIf your --url holds images of its own, state the SHA-256 of its archive: --sha256 HEX"
    own = bool(urls) and checksum == official and sha256 is None
    expected = Expected(checksum, size, most_bytes(release.limits()))
    return _Source(tuple(urls) or remembered, expected, sha256 is not None, hint if own else "")


def _refuse_other(folder: Path, sha256: str | None) -> None:
    manifest = Manifest.read(folder)
    if sha256 and manifest and manifest.archive != Checksum("sha256", sha256.lower()):
        raise DataError(
            f"{folder} was unpacked from an archive with {manifest.archive.title} {manifest.archive.digest},\n"
            f"not {sha256.lower()}; to have the other one, move this folder and its archive away"
        )


def _install(
    release: Release,
    folder: Path,
    source: _Source,
    damage: tuple[str, ...],
    verify: bool,
    progress: Progress | None,
    patience: Patience | None,
) -> Outcome:
    archive = folder.parent / release.archive
    if archive.is_file():
        try:
            return _unpack_own(release, archive, folder, source, damage)
        except DataError as error:
            if not verify:
                raise DataError(f"{error}\n--verify fetches {archive.name} again, in its place.") from None
    try:
        transfer = download(source.urls, archive, source.expected, progress, patience)
    except DownloadError as error:
        raise DownloadError(f"{error}{source.hint}") from None
    return _unpack(release, archive, folder, source.expected.checksum, transfer, damage)


def _unpack_own(release: Release, archive: Path, folder: Path, source: _Source, damage: tuple[str, ...]) -> Outcome:
    """Unpack an archive that was there; one with another sum is taken as the user's own unless a sum was asked for."""
    asked = source.expected.checksum
    digest = file_digest(archive, asked.algorithm)
    if source.stated and digest != asked.digest:
        raise DataError(f"{archive} has {asked.title} {digest}, but {asked.digest} is asked for")
    return _unpack(release, archive, folder, Checksum(asked.algorithm, digest), None, damage)


def _unpack(
    release: Release,
    archive: Path,
    folder: Path,
    checksum: Checksum,
    transfer: Transfer | None,
    damage: tuple[str, ...],
) -> Outcome:
    def finish(unpacked: Path) -> None:
        if problems := inspect(unpacked, release).damage:
            raise DataError(f"{archive}: what it holds is not whole:{_listed(problems)}")
        Manifest.of(unpacked, release, checksum, transfer.url if transfer else None).write(unpacked)

    extract(archive, folder, release.limits(), release.files, finish)
    official = inspect(folder, release).official
    return Outcome("downloaded" if transfer else "unpacked", release, folder, official, checksum, transfer, damage)


def _listed(problems: Sequence[str]) -> str:
    return "".join(f"\n  {problem}" for problem in problems)
