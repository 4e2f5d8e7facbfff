"""Robustness sets as they are published, folders of .npy files: the test images drawn anew, or corrupted.

CIFAR-10.1 (Recht et al., "Do CIFAR-10 Classifiers Generalize to CIFAR-10?", 2018): cifar10.1_v6_data.npy, uint8
(N, 32, 32, 3), and cifar10.1_v6_labels.npy. CIFAR-10-C and CIFAR-100-C (Hendrycks and Dietterich 2019): labels.npy and
a file for each corruption, gaussian_noise.npy and so on, five severities one after the other: the same test images, so
that the labels say themselves five times. Where they do not, a file is one set, of no severity that could be told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.data.hidden import without_hidden
from nndl.errors import DataError

Array = NDArray[Any]
SEVERITIES = 5
MOST_IMAGES = 250_000
"""In a file, which may claim more than a disk holds; those of CIFAR-10-C have 50,000."""


@dataclass(frozen=True, eq=False)
class RobustSet:
    """One set of images with its labels; `severity` is from 1 to 5, None where there are no severities."""

    name: str
    severity: int | None
    load: Callable[[], tuple[Array, Array]]
    """Gives images uint8 (N, 3, 32, 32) and labels int64 (N,); raises DataError where a file is damaged."""


def robust_sets(folder: Path) -> list[RobustSet]:
    """List the sets in a folder, by name and severity, if it has such files. Raises DataError for half a set."""
    files = [path for path in without_hidden(folder.glob("*.npy")) if path.is_file()]
    drawn_anew = [path for path in files if path.match("cifar10.1_*_data.npy")]
    if drawn_anew:
        return [_drawn_anew(path) for path in drawn_anew]
    labels = folder / "labels.npy"
    corruptions = [path for path in files if path != labels]
    if not labels.is_file():
        if corruptions:
            raise DataError(f"{folder} holds {corruptions[0].name} but no labels.npy; CIFAR-10-C comes with one")
        return []
    if not corruptions:
        raise DataError(f"{folder} holds labels.npy but no corrupted images beside it, such as fog.npy")
    y = _labels(labels)
    return [one for path in corruptions for one in _corrupted(path, y)]


def _drawn_anew(path: Path) -> RobustSet:
    name = path.name.removesuffix("_data.npy")
    labels = path.with_name(f"{name}_labels.npy")
    if not labels.is_file():
        raise DataError(f"{path} has no {labels.name} beside it")
    return RobustSet(name, None, lambda: _loaded(path, slice(None), _labels(labels)))


def _corrupted(path: Path, labels: Array) -> list[RobustSet]:
    """List a file's severities, or the file as one set; of one severity alone it may stand beside labels for five."""
    count, size = len(_images(path)), len(labels) // SEVERITIES
    if _repetitions(labels) == SEVERITIES and count == len(labels):
        parts = [slice(start, start + size) for start in range(0, count, size)]
        return [
            RobustSet(path.stem, severity, partial(_loaded, path, part, labels[part]))
            for severity, part in enumerate(parts, start=1)
        ]
    if _repetitions(labels) == SEVERITIES and count == size:
        labels = labels[:size]
    return [RobustSet(path.stem, None, partial(_loaded, path, slice(None), labels))]


def _repetitions(labels: Array) -> int:
    """Count the times that the labels repeat: 5 for [3, 8, 3, 8, 3, 8, 3, 8, 3, 8]."""
    count = len(labels)
    times = (times for times in range(count, 0, -1) if count % times == 0)
    return next((each for each in times if (labels.reshape(each, -1) == labels[: count // each]).all()), 0)


def _loaded(path: Path, part: slice, labels: Array) -> tuple[Array, Array]:
    """Load a part of a file's images, channels first, with the labels that belong to them."""
    images = _images(path)[part]
    if len(images) != len(labels):
        raise DataError(f"{path} holds {len(images):,} images, but there are {len(labels):,} labels beside it")
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)), labels


def _images(path: Path) -> Array:
    images = load_array(path)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != (32, 32, 3) or not len(images):
        raise DataError(f"{path}: images are uint8 (N, 32, 32, 3), not {images.dtype} {images.shape}")
    if len(images) > MOST_IMAGES:
        raise DataError(f"{path} holds {len(images):,} images; at most {MOST_IMAGES:,} are read")
    return images


def _labels(path: Path) -> Array:
    labels = load_array(path)
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise DataError(f"{path}: labels are integers (N,), not {labels.dtype} {labels.shape}")
    if len(labels) > MOST_IMAGES:
        raise DataError(f"{path} holds {len(labels):,} labels; at most {MOST_IMAGES:,} are read")
    if len(labels) and not (labels.min() >= 0 and labels.max() < 100):
        raise DataError(f"{path}: labels go from {labels.min()} to {labels.max()}, and CIFAR's from 0 to 9 or 99")
    return labels.astype(np.int64)


def load_array(path: Path) -> Array:
    """Map an .npy file into memory, never unpickled. Raises DataError for what is none or is cut short."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # NumPy reads the header as Python's words, and raises what its tokenizer and parser do
        words = " ".join(str(error).split())
        raise DataError(f"{path} is no .npy file that can be read: {words[:200]}") from None
    if not isinstance(array, np.ndarray):
        array.close()
        raise DataError(f"{path} is an .npz archive under the name of an .npy file")
    return array
