"""CIFAR-10 as the courses' notebooks ask for it: load_CIFAR10(folder) and get_CIFAR10_data()."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.data.cifar import load_cifar, load_python_batch
from nndl.data.dataset import Images

Array = NDArray[Any]

PLACES = ("cs231n/datasets", "utils/datasets", "datasets", "data", ".")
"""The places where get_CIFAR10_data looks, from the notebook's folder on, for either published format."""


def load_CIFAR_batch(filename: str | Path) -> tuple[Array, Array]:  # noqa: N802  (the courses' name)
    """Read one file of the Python format -> images float64 (N, 32, 32, 3) from 0 to 255, labels int64 (N,)."""
    images, labels = load_python_batch(Path(filename))
    return _pixels_last(images), labels


def load_CIFAR10(ROOT: str | Path) -> tuple[Array, Array, Array, Array]:  # noqa: N802
    """Read X_train, y_train, X_test, y_test from a folder that holds CIFAR-10 in either published format.

    Images are float64 (N, 32, 32, 3) from 0 to 255, labels int64 (N,). Raises nndl.errors.DataError, which names the
    command that fetches the images, where there are none.
    """
    dataset = load_cifar(Path(ROOT))
    train, test = dataset.train, dataset.test
    return _pixels_last(train.images), train.labels, _pixels_last(test.images), test.labels


def get_CIFAR10_data(  # noqa: N802
    num_training: int = 49000,
    num_validation: int = 1000,
    num_test: int = 1000,
    subtract_mean: bool = True,
    root: str | Path | None = None,
) -> dict[str, Array]:
    """Return the courses' split by name: X_train, y_train, X_val, y_val, X_test, y_test.

    Images are float64 (N, 3, 32, 32), less the mean image of the training images; the validation images are those that
    follow the training images in their file. root: the folder of the data set; found in PLACES by default.
    """
    dataset = load_cifar(_root() if root is None else Path(root))
    parts = {
        "train": _part(dataset.train, 0, num_training),
        "val": _part(dataset.train, num_training, num_training + num_validation),
        "test": _part(dataset.test, 0, num_test),
    }
    images, _ = parts["train"]
    mean_image = images.mean(axis=0) if subtract_mean else np.zeros(images.shape[1:])
    data: dict[str, Array] = {}
    for name, (X, y) in parts.items():
        data[f"X_{name}"], data[f"y_{name}"] = X - mean_image, y
    return data


def _part(images: Images, first: int, last: int) -> tuple[Array, Array]:
    if last > len(images):
        raise ValueError(f"images {first} to {last} asked for, but there are {len(images)}")
    return images.images[first:last], images.labels[first:last]


def _pixels_last(images: Array) -> Array:
    """Turn uint8 (N, 3, 32, 32) into float64 (N, 32, 32, 3), in one pass over memory."""
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1), np.float64)


def _root() -> Path:
    """Return the first of PLACES that holds CIFAR-10, as a folder or as an archive."""
    for place in PLACES:
        if any(Path(place).glob("cifar-10-*")):
            return Path(place)
    return Path("data")
