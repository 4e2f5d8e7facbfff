"""The content of a data folder, and the check that it is still what was put there."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nndl.data.cifar import read_file
from nndl.data.official import Release
from nndl.data.part import ALGORITHMS, Checksum, file_digest
from nndl.disk import sync
from nndl.errors import DataError

MANIFEST = ".nndl-manifest.json"
MOST_BYTES = 1 << 20
"""Bytes of a manifest; one with more is none."""


@dataclass(frozen=True)
class Manifest:
    """Written beside the files when they are unpacked: size in bytes and SHA-256 of each, and where they are from."""

    archive: Checksum
    source: str | None
    files: dict[str, tuple[int, str]]

    @classmethod
    def of(cls, folder: Path, release: Release, archive: Checksum, source: str | None) -> "Manifest":
        """Make the manifest of the files that are in folder now."""
        files = {name: ((folder / name).stat().st_size, file_digest(folder / name)) for name in release.files}
        return cls(archive, source, files)

    @classmethod
    def read(cls, folder: Path) -> "Manifest | None":
        """Read the folder's manifest; None where there is none, or none that can be read."""
        try:
            with (folder / MANIFEST).open("rb") as file:
                content: Any = json.loads(file.read(MOST_BYTES))
            files = {str(name): (int(size), str(digest)) for name, (size, digest) in content["files"].items()}
            archive, source = Checksum(**content["archive"]), content["source"]
            sound = (
                archive.algorithm in ALGORITHMS and isinstance(archive.digest, str) and isinstance(source, str | None)
            )
            return cls(archive, source, files) if sound else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            return None

    def write(self, folder: Path) -> None:
        """Put the manifest into folder, whole or not at all."""
        content = {"archive": vars(self.archive), "source": self.source, "files": self.files}
        temporary = folder / f"{MANIFEST}.{os.getpid()}"
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.flush()
            sync(file.fileno())
        temporary.replace(folder / MANIFEST)


@dataclass(frozen=True)
class Condition:
    """The fault of each damaged file; `official` says whether the bytes are those published, None if untold."""

    damage: tuple[str, ...]
    official: bool | None


def inspect(folder: Path, release: Release) -> Condition:
    """Check every image file by the manifest's sums, or the published ones, or else by reading it."""
    manifest = Manifest.read(folder)
    sums: dict[str, str] = {}
    damage = []
    for name in release.files:
        path = folder / name
        if not path.is_file():
            damage.append(f"{name} is missing")
            continue
        if manifest or release.sha256:
            sums[name] = file_digest(path)
        problem = _against(manifest, path, sums[name]) if manifest else _unreadable(path, release)
        damage += [problem] if problem else []
    if release.sha256:
        return Condition(tuple(damage), sums == dict(release.sha256))
    published = Checksum(release.algorithm, release.digest)
    return Condition(tuple(damage), manifest.archive == published if manifest else None)


def _against(manifest: Manifest, path: Path, digest: str) -> str | None:
    size, expected = manifest.files.get(path.name, (0, ""))
    if (found := path.stat().st_size) != size:
        return f"{path.name} has {found:,} bytes, but {size:,} expected"
    return None if digest == expected else f"{path.name} has changed: SHA-256 {digest}, but {expected} expected"


def _unreadable(path: Path, release: Release) -> str | None:
    try:
        read_file(path, release)
    except DataError as error:
        return str(error)
    return None
