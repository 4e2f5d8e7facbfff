"""A look at pictures before they are learnt from: how many of what, how large, damaged, there twice, how bright."""

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nndl.data.dataset import Dataset
from nndl.data.pictures import FORMATS, decode, pillow
from nndl.data.sources.building import Pictures
from nndl.data.sources.decoding import Named, in_order
from nndl.data.sources.duplicates import Pair, exact_pairs, near_pairs, thumbnails
from nndl.data.sources.telling import progress
from nndl.data.sources.wanted import Fault, Wanted, listed
from nndl.errors import DataError

Array = NDArray[Any]
SHAPE = (3, 72, 72)
"""The shape in which pictures are compared and measured, squeezed into it."""
SHOWN = 10
"""Pictures of a class on a contact sheet."""


PARTS = ("train", "valid", "test")


class Look(NamedTuple):
    """One picture as it was found."""

    name: str
    label: int
    part: str
    """One of PARTS."""
    size: tuple[int, int]
    """Width and height."""
    kind: str
    """Format and mode: JPEG RGB."""
    digest: bytes
    pixels: Array
    """uint8 (C, H, W)"""


@dataclass
class Inspection:
    """All that was found."""

    classes: tuple[str, ...]
    names: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    """One of PARTS for each."""
    sizes: list[tuple[int, int]] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    damaged: list[tuple[int, str]] = field(default_factory=list)
    """Class and words."""
    faults: list[Fault] = field(default_factory=list)
    """All that keeps these classes from being learnt."""
    exact: list[Pair] = field(default_factory=list)
    near: list[Pair] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    deviation: list[float] = field(default_factory=list)
    shown: dict[int, list[Array]] = field(default_factory=dict)

    def across(self, pairs: Sequence[Pair], part: str = "train", to: str = "test") -> list[Pair]:
        """Return the pairs of which one picture is in `part` and the other in the part `to`."""
        return [(one, other) for one, other in pairs if {self.parts[one], self.parts[other]} == {part, to}]

    def of_two_classes(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Return the pairs of two classes."""
        return [(one, other) for one, other in pairs if self.labels[one] != self.labels[other]]


def inspect_pictures(gather: Callable[[Wanted], Pictures], wanted: Wanted) -> Inspection:
    """Look at every picture that `gather` lists. Raises DataError for no data set; faults of classes are noted."""
    faults = list[Fault]()
    pictures = gather(replace(wanted, valid_apart=True, note=faults.append))
    parts = zip(PARTS, (pictures.train, pictures.valid, pictures.test), strict=True)
    everything = ((picture, part) for part, given in parts for picture in (given() if given else ()))
    looks = (look for _, look in in_order(everything, _look))
    found = _gathered(Inspection(pictures.classes, faults=faults), looks, pictures.count, wanted)
    known = {name for fault in faults for name in fault.classes}
    whole = {label for label, part in zip(found.labels, found.parts, strict=True) if part == "train"}
    hurt = sorted({label for label, _ in found.damaged} - whole)
    if lost := tuple(name for name in (found.classes[label] for label in hurt) if name not in known):
        faults.append(Fault(lost, f"{wanted.root}: no picture of {listed(lost)} to train on is whole"))
    return found


def inspect_dataset(load: Callable[[Wanted], Dataset], wanted: Wanted) -> Inspection:
    """Look at images that `load` gives as arrays. Raises DataError for what it cannot; faults of classes are noted."""
    faults = list[Fault]()
    data = load(replace(wanted, valid_apart=True, note=faults.append))

    def looks() -> Iterator[Look]:
        learnt = len(data.train) - data.valid
        spans = ((data.train, 0, learnt), (data.train, learnt, len(data.train)), (data.test, 0, len(data.test)))
        for part, (images, first, last) in zip(PARTS, spans, strict=True):
            kind = "grey" if images.shape[0] == 1 else "colour"
            for number, at in enumerate(range(first, last)):
                pixels, name = images.images[at], f"{part} image {number}"
                digest, size = hashlib.sha256(pixels.data).digest(), (images.shape[2], images.shape[1])
                yield Look(name, int(images.labels[at]), part, size, kind, digest, pixels)

    return _gathered(Inspection(data.classes, faults=faults), looks(), len(data.train) + len(data.test), wanted)


def _look(item: tuple[Named, str]) -> Look | tuple[int, DataError]:
    """Read one picture; returns its class and what is wrong with it where it cannot be."""
    (name, label, read), part = item
    try:
        content = read()
        pixels = decode(content, name, SHAPE, "squeeze")
        with pillow().open(io.BytesIO(content), formats=FORMATS) as picture:
            kind = f"{picture.format} {picture.mode}" + (", animated" if getattr(picture, "n_frames", 1) > 1 else "")
            return Look(name, label, part, picture.size, kind, hashlib.sha256(content).digest(), pixels)
    except DataError as error:
        return label, error


def _gathered(
    found: Inspection, looks: Iterator[Look | tuple[int, DataError]], count: int, wanted: Wanted
) -> Inspection:
    digests, thumbs, sums = list[bytes](), list[Array](), _Sums()
    with progress() as told:
        told.start(f"looking at {wanted.root}", count)
        for look in looks:
            told.advance(1)
            if not isinstance(look, Look):
                found.damaged.append((look[0], str(look[1])))
                continue
            found.names.append(look.name)
            found.labels.append(look.label)
            found.parts.append(look.part)
            found.sizes.append(look.size)
            found.kinds[look.kind] += 1
            digests.append(look.digest)
            thumbs.append(thumbnails(look.pixels[None])[0])
            if look.part == "train":
                sums.add(look.pixels)
            if len(shown := found.shown.setdefault(look.label, [])) < SHOWN:
                shown.append(look.pixels)
    found.mean, found.deviation = sums.figures()
    found.exact = exact_pairs(digests)
    twice = {other for _, other in found.exact}
    found.near = [pair for pair in near_pairs(np.array(thumbs)) if not twice & set(pair)] if thumbs else []
    return found


class _Sums:
    """Sums over pixels, channel by channel."""

    def __init__(self) -> None:
        self._count, self._sum, self._squares = 0, np.zeros(0), np.zeros(0)

    def add(self, pixels: Array) -> None:
        exact = pixels.reshape(len(pixels), -1).astype(np.float64)
        if not self._count:
            self._sum, self._squares = np.zeros(len(pixels)), np.zeros(len(pixels))
        self._count += exact.shape[1]
        self._sum += exact.sum(axis=1)
        self._squares += (exact * exact).sum(axis=1)

    def figures(self) -> tuple[list[float], list[float]]:
        """Return mean and standard deviation of each channel; [] where nothing was added."""
        count = max(self._count, 1)
        mean = self._sum / count
        return mean.tolist(), np.sqrt((self._squares / count - mean**2).clip(0)).tolist()
