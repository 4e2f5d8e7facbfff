"""Data sets that come as arrays: images and labels, in the layouts and types that people keep, as bytes and numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nndl.data.dataset import CHANNELS, LARGEST, SMALLEST, Dataset, Images
from nndl.data.pixels import Shape
from nndl.data.sources.wanted import MOST_IMAGES, Fault, Found, Wanted, chosen, listed
from nndl.data.split import stratified_split
from nndl.errors import DataError

Array = NDArray[Any]
_CHUNK = 4096  # images made bytes at a time


@dataclass(frozen=True)
class Part:
    """A part of a data set before its images are read."""

    name: str
    """Its name in errors."""
    shape: tuple[int, ...]
    """Of the images' array."""
    labels: Array
    """(N,), (N, 1), or a row for each image that is 1 at its class; numbers or text."""
    read: Callable[[], Array]
    """Gives the images."""
    labels_name: str = ""
    """The name of its labels in errors, where they have one of their own."""

    @property
    def of_labels(self) -> str:
        """Return the beginning of an error that is of the labels."""
        return f"{self.labels_name or self.name}: "


@dataclass(frozen=True)
class Whole:
    """A data set before its images are read; without a test set a share of it tests."""

    name: str
    train: Part
    test: Part | None = None
    names: Sequence[str] | None = None
    """The names of labels 0, 1, 2 ...; without them a label is its own name."""
    valid: Part | None = None
    """Images to validate on, beside some to test on; they are left out unless they are wanted apart."""


class Taken(NamedTuple):
    """The images of a part that are taken: their positions, and the numbers of their classes, both int64 (n,)."""

    positions: Array
    labels: Array


def found(whole: Whole, wanted: Wanted) -> Found:
    """Tell what there is without reading the images. Raises DataError."""
    classes, train, valid, _ = _sorted_out(whole, wanted)
    return Found(layout(whole.train), classes, len(train.positions), len(valid.positions) if valid else 0)


def dataset(whole: Whole, wanted: Wanted) -> Dataset:
    """Read the images. Raises DataError."""
    classes, train, valid, test = _sorted_out(whole, wanted)
    images = as_bytes(whole.train)
    learnt = _taken(images, train)
    tested = _taken(images if whole.test is None else as_bytes(whole.test), test)
    held_out = _taken(as_bytes(whole.valid), valid) if whole.valid and valid else None
    for other, purpose in ((tested, "test"), (held_out, "validate")):
        if other and learnt.shape != other.shape:
            there = " and ".join(" x ".join(map(str, each.shape)) for each in (learnt, other))
            words = f"images to train on and to {purpose} on are {there} (channels, height, width)"
            raise DataError(f"{wanted.root}: {words}")
    if held_out is None:
        return Dataset(whole.name, learnt, tested, classes, synthetic=False)
    pairs = ((learnt.images, held_out.images), (learnt.labels, held_out.labels))
    return Dataset(whole.name, Images(*map(np.concatenate, pairs)), tested, classes, False, len(held_out))


def _taken(images: Array, taken: Taken) -> Images:
    """Take the images; all of them are not copied."""
    index = taken.positions
    everything = len(index) == len(images) and (index == np.arange(len(index))).all()
    return Images(images if everything else np.ascontiguousarray(images[index]), taken.labels)


def _sorted_out(whole: Whole, wanted: Wanted) -> tuple[tuple[str, ...], Taken, Taken | None, Taken]:
    """Return the classes, and what is taken to train on, to validate on apart, and to test on."""
    labels = _words(whole.train, whole.names)
    there = whole.names if whole.names and whole.train.labels.dtype.kind not in "US" else _in_order(labels)
    valid_apart = whole.valid if whole.test and wanted.valid_apart else None
    beside = [(part.name, _words(part, whole.names)) for part in (whole.test, valid_apart) if part]
    others = list[str]()
    for part, found_there in beside if wanted.classes is None else ():
        if only := sorted(set(found_there.tolist()) - {*there, *others}):
            words = f"{part} has images of {listed(only)}, and {whole.train.name} has none"
            wanted.note(Fault(tuple(only), words))
            others += only
    classes = chosen([*there, *others], wanted)
    train, *more = (_of_classes(each, classes) for each in (labels, *(found_there for _, found_there in beside)))
    counts = np.bincount(train.labels, minlength=len(classes))
    if empty := [name for name, count in zip(classes, counts, strict=True) if not count and name not in others]:
        words = f"{whole.train.name} has no image of {listed(empty)}; leave it out of data.classes"
        wanted.note(Fault(tuple(empty), words))
    if whole.test is None:
        train, test = _share(train, classes, wanted)
    elif not len((test := more[0]).positions):
        wanted.note(Fault(classes, f"{whole.test.name} has no image of {listed(classes)} to test on"))
    return classes, train, more[1] if len(more) > 1 and len(more[1].positions) else None, test


def _of_classes(labels: Array, classes: Sequence[str]) -> Taken:
    """Take the images of these classes."""
    numbers = _numbers(labels, classes)
    index = np.flatnonzero(numbers >= 0)
    return Taken(index, numbers[index])


def _numbers(labels: Array, classes: Sequence[str]) -> Array:
    """Return the number of each image's class, int64, and -1 for other classes."""
    names, which = np.unique(labels, return_inverse=True)
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([numbers.get(name, -1) for name in names.tolist()], np.int64)[which.reshape(-1)]


def _share(taken: Taken, classes: Sequence[str], wanted: Wanted) -> tuple[Taken, Taken]:
    """Draw those to test on."""
    index, labels = taken
    count, least = max(round(wanted.test_share * len(index)), len(classes)), len(classes)
    if len(index) < 2 * least:
        words = f"{wanted.root} has {len(index):,} images of {least:,} classes: too few to train and test on"
        wanted.note(Fault(tuple(classes), words))
        return taken, Taken(index[:0], labels[:0])
    train, test = stratified_split(labels, min(count, len(index) - least), wanted.seed)
    return Taken(index[train], labels[train]), Taken(index[test], labels[test])


def _in_order(labels: Array) -> list[str]:
    """Return the labels that there are, numbers by value and text by letters."""
    names: list[str] = np.unique(labels).tolist()
    return sorted(names, key=int) if all(name.lstrip("-").isdigit() for name in names) else names


def _words(part: Part, names: Sequence[str] | None) -> Array:
    """Return the class of each image, by its name. Raises DataError for labels that are none, or of another length."""
    layout(part)  # one picture is not taken for many rows of pixels
    labels = part.labels
    if labels.ndim == 2 and labels.shape[1] > 1:
        if not ((labels == 0) | (labels == 1)).all() or not (labels.sum(axis=1) == 1).all():
            raise DataError(
                f"{part.of_labels}labels {labels.shape} are no rows that are 1 at one class and 0 elsewhere"
            )
        labels = labels.argmax(axis=1)
    labels = labels.reshape(-1) if labels.ndim == 2 else labels
    if labels.shape != part.shape[:1]:
        raise DataError(f"{part.of_labels}{part.shape[0]:,} images, and labels {labels.shape}; each image has one")
    if len(labels) > MOST_IMAGES:
        raise DataError(f"{part.name} holds {len(labels):,} images; at most {MOST_IMAGES:,} are read")
    if labels.dtype.kind == "S":
        return np.char.decode(labels, "utf-8", "backslashreplace")
    if labels.dtype.kind == "U":
        return labels
    if labels.dtype.kind == "f":
        if (odd := labels[(labels != np.rint(labels)) | ~(np.abs(labels) < 2**53)]).size:
            raise DataError(f"{part.of_labels}labels are whole numbers or text, and one is {odd[0]}")
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "iub":
        raise DataError(f"{part.of_labels}labels are whole numbers or text, not {labels.dtype}")
    if names is None:
        return labels.astype(np.int64).astype(str)
    if len(labels) and not (labels.min() >= 0 and labels.max() < len(names)):
        raise DataError(
            f"{part.of_labels}labels go from {labels.min()} to {labels.max()}, and {len(names)} classes are named"
        )
    return np.array(list(names))[labels.astype(np.int64)]


def layout(part: Part) -> Shape:
    """Return the shape (C, H, W) of images kept as (N, H, W, C), (N, C, H, W), (N, H, W) or flat. Raises DataError."""
    rest = part.shape[1:]
    shape = (0, 0, 0)
    if len(rest) == 3 and rest[2] in CHANNELS:
        shape = (rest[2], rest[0], rest[1])
    elif len(rest) == 3 and rest[0] in CHANNELS:
        shape = (rest[0], rest[1], rest[2])
    elif len(rest) == 2:
        shape = (1, rest[0], rest[1])
    elif len(rest) == 1:
        channels = next((number for number in CHANNELS if isqrt(rest[0] // number) ** 2 * number == rest[0]), 0)
        side = isqrt(rest[0] // max(channels, 1))
        shape = (channels, side, side)
    if not shape[0] or not all(SMALLEST <= side <= LARGEST for side in shape[1:]):
        right = f"(N, H, W, C), (N, C, H, W), (N, H, W) or flat, C 1 or 3, sides of {SMALLEST} to {LARGEST}"
        raise DataError(f"{part.name}: images are {right}, not {part.shape}")
    return shape


def as_bytes(part: Part) -> Array:
    """Return the images uint8 (N, C, H, W): floats from 0 to 1 times 255, rounded; whole numbers to 255 as they are."""
    images, (channels, height, width) = part.read(), layout(part)
    if images.shape != part.shape:
        raise DataError(f"{part.name}: images {images.shape}, and {part.shape} was said")
    scale = _scale(images, part.name)
    out = np.empty((len(images), channels, height, width), np.uint8)
    last = images.ndim == 4 and images.shape[3] in CHANNELS
    for start in range(0, len(images), _CHUNK):
        chunk = images[start : start + _CHUNK]
        chunk = chunk.transpose(0, 3, 1, 2) if last else chunk.reshape(-1, channels, height, width)
        out[start : start + _CHUNK] = chunk if scale == 1 else np.rint(chunk * scale)
    return out


def _scale(images: Array, name: str) -> float:
    """Return what pixels are multiplied by to go to 255. Raises DataError for those that cannot be told."""
    if images.dtype == np.uint8 or not images.size:
        return 1.0
    if images.dtype.kind not in "iuf":
        raise DataError(f"{name}: pixels are whole numbers to 255 or floats to 1, not {images.dtype}")
    low, high = images.min(), images.max()
    if np.isnan(low):
        raise DataError(f"{name}: some pixels are no numbers (NaN)")
    if not (low >= 0 and high <= 255):
        raise DataError(f"{name}: pixels go from {low} to {high}; give them from 0 to 255, or as floats from 0 to 1")
    if images.dtype.kind == "f" and high <= 1:
        return 255.0
    if images.dtype.kind == "f" and any((part != np.rint(part)).any() for part in np.array_split(images, 16)):
        raise DataError(f"{name}: pixels are floats to {high:.4g}; give whole numbers to 255, or floats from 0 to 1")
    return 1.0
