"""Robustness sets as they are published, folders of .npy files: the test images drawn anew, or corrupted.

CIFAR-10.1 (Recht et al., "Do CIFAR-10 Classifiers Generalize to CIFAR-10?", 2018): cifar10.1_v6_data.npy, uint8
(N, 32, 32, 3), and cifar10.1_v6_labels.npy. CIFAR-10-C and CIFAR-100-C (Hendrycks and Dietterich 2019): labels.npy and
a file for each corruption, gaussian_noise.npy and so on, five severities one after the other.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.errors import DataError

Array = NDArray[Any]
SEVERITIES = 5


@dataclass(frozen=True, eq=False)
class RobustSet:
    """One set of images with its labels; `severity` is from 1 to 5, None for images that are not corrupted."""

    name: str
    severity: int | None
    load: Callable[[], tuple[Array, Array]]
    """Gives images uint8 (N, 3, 32, 32) and labels int64 (N,); raises DataError where a file is damaged."""


def robust_sets(folder: Path) -> list[RobustSet]:
    """The sets in a folder, by name and severity; none where it has no such files. Raises DataError for half a set."""
    drawn_anew = sorted(folder.glob("cifar10.1_*_data.npy"))
    if drawn_anew:
        return [_drawn_anew(path) for path in drawn_anew]
    labels = folder / "labels.npy"
    corruptions = sorted(path for path in folder.glob("*.npy") if path.name != "labels.npy")
    if not labels.is_file():
        if corruptions:
            raise DataError(f"{folder} holds {corruptions[0].name} but no labels.npy; CIFAR-10-C comes with one")
        return []
    if not corruptions:
        raise DataError(f"{folder} holds labels.npy but no corrupted images beside it, such as fog.npy")
    return [one for path in corruptions for one in _corrupted(path, labels)]


def _drawn_anew(path: Path) -> RobustSet:
    name = path.name.removesuffix("_data.npy")
    labels = path.with_name(f"{name}_labels.npy")
    if not labels.is_file():
        raise DataError(f"{path} has no {labels.name} beside it")
    return RobustSet(name, None, partial(_matched, path, labels))


def _corrupted(path: Path, labels: Path) -> Iterator[RobustSet]:
    for severity in range(1, SEVERITIES + 1):
        yield RobustSet(path.stem, severity, partial(_matched, path, labels, severity))


def _matched(path: Path, labels: Path, severity: int | None = None) -> tuple[Array, Array]:
    """The images and labels of two files, or of the part of them that has one severity."""
    images, y = _images(path), _labels(labels)
    if len(images) != len(y):
        raise DataError(f"{path} holds {len(images):,} images, but {labels.name} {len(y):,} labels")
    if severity is not None:
        if len(y) % SEVERITIES:
            raise DataError(f"{path} holds {len(y):,} images, which is not {SEVERITIES} severities of equally many")
        part = slice((severity - 1) * len(y) // SEVERITIES, severity * len(y) // SEVERITIES)
        images, y = images[part], y[part]
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)), y


def _images(path: Path) -> Array:
    images = load_array(path)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != (32, 32, 3) or not len(images):
        raise DataError(f"{path}: images are uint8 (N, 32, 32, 3), not {images.dtype} {images.shape}")
    return images


def _labels(path: Path) -> Array:
    labels = load_array(path)
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise DataError(f"{path}: labels are integers (N,), not {labels.dtype} {labels.shape}")
    if len(labels) and not (labels.min() >= 0 and labels.max() < 100):
        raise DataError(f"{path}: labels go from {labels.min()} to {labels.max()}, and CIFAR's from 0 to 9 or 99")
    return labels.astype(np.int64)


def load_array(path: Path) -> Array:
    """An .npy file, mapped into memory, never unpickled. Raises DataError for what is none or is cut short."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # NumPy reads the header as Python's words, and raises what its tokenizer and parser do
        words = " ".join(str(error).split())
        raise DataError(f"{path} is no .npy file that can be read: {words[:200]}") from None
    if not isinstance(array, np.ndarray):
        array.close()
        raise DataError(f"{path} is an .npz archive under the name of an .npy file")
    return array
