"""Data sets of arrays that a person has in Python, and the file in which they are kept for other programs."""

import contextlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nndl.data import dataset
from nndl.data.sources import arrays
from nndl.data.sources.arrays import Part, Whole
from nndl.data.sources.wanted import Wanted
from nndl.disk import sync
from nndl.errors import DataError
from nndl.paths import expanded

NAME = "arrays"
"""The name of such a data set."""


class Dataset(dataset.Dataset):
    """A training and a test set with the names of their classes; `from_arrays` makes one."""

    @classmethod
    def from_arrays(
        cls,
        X_train: ArrayLike,
        y_train: ArrayLike,
        X_test: ArrayLike | None = None,
        y_test: ArrayLike | None = None,
        *,
        classes: Sequence[str] | None = None,
    ) -> "Dataset":
        """Make a data set of images and labels, for `load_config`, `build` and `train`.

        X_train, X_test: (N, H, W, C), (N, C, H, W), (N, H, W) or flat, C 1 or 3, sides of 8 to 224; bytes, whole
        numbers to 255, or floats from 0 to 1. y_train, y_test: (N,), (N, 1), or rows of a single 1; whole numbers or
        text. Without a test set a fifth of each class tests. classes: the names of labels 0, 1, 2 ...; without them a
        label is its own name. The images are copied. Raises DataError for arrays that are none of these.
        """
        if (X_test is None) != (y_test is None):
            raise DataError("a test set is X_test and y_test: give both, or neither")
        names = None if classes is None else _names(classes)
        train = _part("X_train", X_train, y_train)
        test = None if X_test is None or y_test is None else _part("X_test", X_test, y_test)
        made = arrays.dataset(Whole(NAME, train, test, names), Wanted(Path("X_train")))
        return cls(made.name, made.train, made.test, made.classes, synthetic=False)

    def save(self, path: str | Path) -> Path:
        """Write them to a file for `data: {dataset: npz, root: FILE.npz}`, whole or not at all; return where it is.

        Images are uint8 (N, C, H, W) there, as x_train and x_test, and labels y_train and y_test. A file that was there
        is replaced; .npz is added to another ending. Raises DataError where it cannot be written.
        """
        return save(self, expanded(path))


def save(data: dataset.Dataset, path: Path) -> Path:
    """Write a data set as `Dataset.save` does."""
    path = path if path.suffix.lower() == ".npz" else path.with_name(f"{path.name}.npz")
    train, test, names = data.train, data.test, np.array(data.classes)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as file:
            np.savez(
                file, x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels, classes=names
            )
            file.flush()
            sync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return path


def _part(name: str, images: ArrayLike, labels: ArrayLike) -> Part:
    """Return a part of arrays, of which nothing is looked at yet but that they are arrays."""
    of_labels = name.replace("X", "y")
    X, y = _array(images, name), _array(labels, of_labels)
    return Part(name, X.shape, y, lambda: X, of_labels)


def _array(given: ArrayLike, name: str) -> NDArray[Any]:
    try:
        made = np.asarray(given)
    except (ValueError, TypeError, RuntimeError) as error:
        raise DataError(f"{name} makes no array: {error}") from None
    return _of_one_type(made) if made.dtype == object else made


def _of_one_type(objects: NDArray[Any]) -> NDArray[Any]:
    """Return an array of objects, as pandas has text and its whole numbers, as one of text or of whole numbers.

    One of others, or of several types, is returned as it is.
    """
    kinds = {type(each) for each in objects.reshape(-1).tolist()}
    with contextlib.suppress(OverflowError):
        return objects.astype(str if kinds == {str} else np.int64) if kinds in ({str}, {int}) else objects
    return objects


def _names(classes: Sequence[str]) -> list[str]:
    """Return the names of classes. Raises DataError for what is no list of texts, or names one twice."""
    names = [] if isinstance(classes, str) else list(classes)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise DataError(f"classes are the names of labels 0, 1, 2 ..., such as ['cat', 'dog'], not {classes!r}")
    return [str(name) for name in names]
