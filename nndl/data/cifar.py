"""CIFAR-10 and CIFAR-100 from disk, in either published format.

Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009), and the page of the data set.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.data.dataset import Dataset, Images
from nndl.data.finding import command, find_release
from nndl.data.official import CLASSES, IMAGE_BYTES, RELEASES, TITLES, Release
from nndl.data.python_batch import load_python_batch
from nndl.errors import DataError
from nndl.paths import expanded

__all__ = ["load_cifar", "load_python_batch"]


def load_cifar(root: Path, dataset: str = "cifar10") -> Dataset:
    """Read a data set found in root: its folder or its archive, or root being such a folder or archive.

    Raises DataError where there is none (naming the command that fetches it) or a file is damaged (naming the file).
    """
    releases = [release for release in RELEASES if release.dataset == dataset]
    if not releases:
        raise DataError(f"data set {dataset!r} is not known; there are: {', '.join(TITLES)}")
    release, folder = find_release(expanded(root), releases)
    train = _join((read_file(folder / name, release) for name in release.train), release.train, release)
    test = _join((read_file(folder / name, release) for name in [release.test]), [release.test], release)
    return Dataset(name=dataset, train=train, test=test, classes=CLASSES[dataset], synthetic=False)


def read_file(path: Path, release: Release) -> tuple[NDArray[Any], NDArray[Any]]:
    """Read pixels uint8 (N, 3072) and labels (N,) of one file of a release. Raises DataError where it is not whole."""
    return _read_binary(path, release) if release.format == "binary" else _read_python(path, release)


def _read_binary(path: Path, release: Release) -> tuple[NDArray[Any], NDArray[Any]]:
    """View records of one file as pixels (N, 3072) and labels (N,), uint8; the last label byte is the fine one."""
    expected = release.images_per_file[path.name] * release.record_bytes
    if (size := path.stat().st_size) != expected:
        raise DataError(f"{path}: {size:,} bytes, but {expected:,} expected; to mend it: {_mend(path, release)}")
    records = np.fromfile(path, np.uint8).reshape(-1, release.record_bytes)
    return records[:, -IMAGE_BYTES:], records[:, -IMAGE_BYTES - 1]


def _read_python(path: Path, release: Release) -> tuple[NDArray[Any], NDArray[Any]]:
    images, labels = load_python_batch(path, release.limits()[path.name])
    if len(images) != (expected := release.images_per_file[path.name]):
        raise DataError(
            f"{path}: {len(images):,} images, but {expected:,} expected; to mend it: {_mend(path, release)}"
        )
    return images.reshape(-1, IMAGE_BYTES), labels


def _mend(path: Path, release: Release) -> str:
    return f"{command(release, path.parent.parent)} --verify"


def _join(parts: Iterable[tuple[NDArray[Any], NDArray[Any]]], names: Iterable[str], release: Release) -> Images:
    """Join one set's files, read one by one so that no more than one file is held twice."""
    total = sum(release.images_per_file[name] for name in names)
    images, labels = np.empty((total, IMAGE_BYTES), np.uint8), np.empty(total, np.int64)
    start = 0
    for pixels, numbers in parts:
        stop = start + len(numbers)
        images[start:stop], labels[start:stop] = pixels, numbers
        start = stop
    classes = len(CLASSES[release.dataset])
    if labels.min() < 0 or labels.max() >= classes:
        raise DataError(
            f"{release.folder}: labels from {labels.min()} to {labels.max()}, but there are {classes} classes"
        )
    return Images(images.reshape(-1, 3, 32, 32), labels)
