"""The finding of a data set: under its published names, under those that Keras gives it, or in an archive."""

from collections.abc import Sequence
from pathlib import Path

from nndl.data.archive import extract
from nndl.data.lock import alone, lock_of
from nndl.data.official import RELEASES, TITLES, Release
from nndl.errors import DataError
from nndl.paths import placed, word

_UNPACKING = 300.0  # seconds: an archive takes about five


def find_release(root: Path, releases: Sequence[Release]) -> tuple[Release, Path]:
    """Return the release whose files are there, and their folder; an archive is unpacked beside itself.

    root: the folder that holds the data set's folder or archive, that folder, or the archive. Raises DataError where
    there is none, with what would mend it.
    """
    if root.is_file():
        releases = [_release_of(root, releases)]
        root, archives = root.parent, [(releases[0], root)]
    else:
        archives = [(release, root / name) for release in releases for name in archive_names(release)]
    places = [(release, folder, _missing(folder, release)) for release in releases for folder in folders(root, release)]
    for release, folder, missing in places:
        if not missing:
            return release, folder
    for release, archive in archives:
        if archive.is_file():
            return release, _unpacked(archive, root / release.folder, release)
    for release, folder, missing in places:
        if folder.name == release.folder and folder.is_dir():
            mend = f"{command(release, folder.parent)} --verify"
            raise DataError(f"{folder}: {', '.join(missing)} missing; to mend it: {mend}")
    raise DataError(_not_found(root, releases))


def is_in(root: Path, dataset: str) -> bool:
    """Tell whether root is, or holds, the files of a published data set or an archive of them; nothing is unpacked."""
    there = [release for release in RELEASES if release.dataset == dataset]
    archives = [root / name for release in there for name in archive_names(release)]
    whole = (not _missing(folder, release) for release in there for folder in folders(root, release))
    return any(path.is_file() for path in (root, *archives)) or any(whole)


def folders(root: Path, release: Release) -> tuple[Path, ...]:
    """List the folders that may hold a release's files: its own, root itself, and the one Keras 3 unpacks to."""
    name = release.folder
    return root / name, root, root / name / name, root / f"{name}-target" / name


def _missing(folder: Path, release: Release) -> list[str]:
    return [name for name in release.files if not (folder / name).is_file()]


def _unpacked(archive: Path, folder: Path, release: Release) -> Path:
    """Unpack an archive beside itself; where another process is at that, wait for what it makes."""
    try:
        with alone(lock_of(folder), wait=_UNPACKING):
            if not _missing(folder, release):
                return folder
            return extract(archive, folder, release.limits(), release.files)
    except BlockingIOError:
        raise DataError(f"{folder}: another process has been filling it for {_UNPACKING:.0f} seconds") from None


def archive_names(release: Release) -> tuple[str, ...]:
    """List the names of a release's archive: as published, and as versions 2 and 3 of Keras keep it."""
    return (release.archive, *(f"{release.folder}{end}" for end in (".tar.gz", "_archive", "-target_archive")))


def command(release: Release, root: Path) -> str:
    """Return the command that fetches a release into `root`."""
    words = ["nndl download-cifar"]
    words += ["--dataset cifar100"] if release.dataset == "cifar100" else []
    words += ["--format python"] if release.format == "python" else []
    return " ".join([*words, f"--root {word(root)}"])


def _release_of(archive: Path, releases: Sequence[Release]) -> Release:
    """Return the release that a file is the archive of, by its name."""
    for release in (*releases, *RELEASES):
        if archive.name in archive_names(release):
            if release.dataset == releases[0].dataset:
                return release
            raise DataError(f"{archive} is an archive of {release.dataset}, and data.dataset is {releases[0].dataset}")
    names = " or ".join(release.archive for release in releases)
    raise DataError(
        f"{archive} is a file, and none of the archives by its name: {names}\n"
        f"  rename it so if it is one, or give the folder that holds the data set: --data {word(archive.parent)}"
    )


def _not_found(root: Path, releases: Sequence[Release]) -> str:
    folders = " or ".join(f"{release.folder}/" for release in releases)
    lines = [
        f"{TITLES[releases[0].dataset]} is not in {placed(root)}: no {folders}, and no archive of them",
        "  if it is elsewhere:  --data FOLDER says where (data.root in a config)",
        f"  to fetch it:         {command(releases[0], root)}",
    ]
    if releases[0].dataset == "cifar10":  # the generated images are of ten classes
        lines.append("  to train without it: nndl train CONFIG --synthetic, on generated images")
    return "\n".join(lines)
