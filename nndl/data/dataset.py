"""A data set as the rest works on it: images as bytes, their labels, the names of their classes."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.errors import DataError
from nndl.html import table

CHANNELS = (1, 3)
"""Grey, or red, green and blue."""
SMALLEST, LARGEST = 8, 224
"""Pixels of an image's sides."""


@dataclass(frozen=True, eq=False)
class Images:
    """Images uint8 (N, C, H, W), C-contiguous, of 1 or 3 channels, and their labels int64 (N,)."""

    images: NDArray[Any]
    labels: NDArray[Any]

    def __post_init__(self) -> None:
        shape = self.images.shape
        if self.images.dtype != np.uint8 or len(shape) != 4 or shape[1] not in CHANNELS:
            raise DataError(f"images are uint8 (N, C, H, W), C 1 or 3, not {self.images.dtype} {shape}")
        if self.labels.dtype != np.int64 or self.labels.shape != shape[:1] or not self.images.flags.c_contiguous:
            raise DataError("labels are int64 (N,), and images C-contiguous")

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Images({len(self):,} of {' x '.join(map(str, self.shape))})"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return the shape (C, H, W) of an image."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    def take(self, index: NDArray[Any]) -> "Images":
        """Copy the images at the positions `index`, int64 (n,)."""
        return Images(np.ascontiguousarray(self.images[index]), self.labels[index])


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training and a test set with the names of their classes; `synthetic` says the images are generated."""

    name: str
    train: Images
    test: Images
    classes: tuple[str, ...]
    synthetic: bool
    valid: int = 0
    """The last so many of the training images, which are not learnt from: the files have them for validation."""

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.train.shape))
        valid = f", {self.valid:,} to validate on" if self.valid else ""
        parts = f"{len(self.train) - self.valid:,} images to train on{valid}, {len(self.test):,} to test on"
        return f"{type(self).__name__}({self.name!r}: {parts}, {shape}, {len(self.classes):,} classes)"

    def _repr_html_(self) -> str:
        """Return the classes for a notebook, with the number of images of each part."""
        learnt = len(self.train) - self.valid
        labels = {"train": self.train.labels[:learnt], "valid": self.train.labels[learnt:], "test": self.test.labels}
        parts = [name for name in labels if name != "valid" or self.valid]
        counts = [np.bincount(labels[name], minlength=len(self.classes)).tolist() for name in parts]
        rows = [(name, *of_class) for name, *of_class in zip(self.classes, *counts, strict=True)]
        return table(("class", *parts), [*rows, ("all", *map(sum, counts))])

    @cached_property
    def digest(self) -> str:
        """SHA-256 over images and labels, training then test, in hex: equal whatever format they were read from."""
        sha = hashlib.sha256()
        for part in (self.train, self.test):
            sha.update(part.images.data)
            sha.update(part.labels.astype("<i8").data)
        return sha.hexdigest()

    def of_classes(self, names: tuple[str, ...]) -> "Dataset":
        """Return the images of these classes alone, which are numbered in this order. Raises DataError for another."""
        if names == self.classes:
            return self
        if missing := [name for name in names if name not in self.classes]:
            raise DataError(f"{self.name} has no class {', '.join(missing)}; it has {', '.join(self.classes)}")
        numbers = np.full(len(self.classes), -1)
        numbers[[self.classes.index(name) for name in names]] = np.arange(len(names))
        train, test = (_numbered(part, numbers) for part in (self.train, self.test))
        valid = int((numbers[self.train.labels[len(self.train) - self.valid :]] >= 0).sum())
        return replace(self, train=train, test=test, classes=names, valid=valid)


def _numbered(part: Images, numbers: NDArray[Any]) -> Images:
    """Return the images whose label has a new number, 0 or more, under that."""
    labels = numbers[part.labels]
    kept = part.take(np.flatnonzero(labels >= 0))
    return Images(kept.images, numbers[kept.labels])
