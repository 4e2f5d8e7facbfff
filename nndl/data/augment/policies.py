"""Policies: operations drawn out of a list for each image, with strengths that are drawn or were found by a search.

Lists, ranges and order are torchvision's, which has them from the papers and their programs.
"""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Annotated, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Le

from nndl.data import counter
from nndl.data.augment.operations import COLOURS
from nndl.data.augment.transform import Array, Fill, Filling, bytes_only
from nndl.data.augment.warping import Interpolation, affine_maps, warped

SHIFT = 150 / 331
"""Largest shift of AutoAugment and RandAugment, as a share of the image: 150 of ImageNet's 331 pixels."""


class Range(NamedTuple):
    """The strengths of an operation from level 0 to level 1, either way where it is signed."""

    low: float = 0.0
    high: float = 0.0
    signed: bool = False

    def at(self, level: Array, sign: Array) -> Array:
        """Return the strengths (n,) at levels (n,), with signs 1 or -1 (n,) where there are any."""
        strength: Array = self.low + (self.high - self.low) * level
        return strength * sign if self.signed else strength


@dataclass(frozen=True)
class Policy(Filling):
    """A way to draw operations and their strengths for each image."""

    fill: Fill = field(default="mean", kw_only=True)
    """The pixel for what is not there, 0 to 255, or a number for each channel; mean: that of the training pixels."""
    interpolation: Interpolation = field(default="nearest", kw_only=True)
    """Rotated, shifted and sheared images take the nearest pixel, or what lies between the four nearest ones."""

    @abstractmethod
    def ranges(self, height: int, width: int) -> dict[str, Range]:
        """Return the operations with the ranges of their strengths, for images of this size."""

    def operated(self, images: Array, numbers: Array, level: Array, sign: Array) -> Array:
        """Return the images after the operations of these numbers (N,) among `ranges`; -1 is none."""
        bytes_only(self, images)
        out = images.copy()
        for number, (name, strengths) in enumerate(self.ranges(*images.shape[2:]).items()):
            places = np.flatnonzero(numbers == number)
            if len(places):
                out[places] = self._operate(name, images[places], strengths.at(level[places], sign[places]))
        return out

    def _operate(self, name: str, images: Array, strength: Array) -> Array:
        if name == "identity":
            return images
        if name in COLOURS:
            strength = 1 + strength if name in ENHANCED else np.rint(strength) if name == "posterize" else strength
            return COLOURS[name](images, strength)
        return warped(images, _maps(name, strength, images.shape[2:]), self.pixel(images), self.interpolation)


ENHANCED = ("brightness", "color", "contrast", "sharpness")
"""Operations whose strength is the change of a factor."""


def _maps(name: str, strength: Array, size: tuple[int, ...]) -> Array:
    """Return the maps (n, 2, 3) of a shear from the upper left corner, a shift by whole pixels, or a rotation."""
    if name == "rotate":
        return affine_maps(size, -strength)
    maps = np.tile(np.eye(2, 3), (len(strength), 1, 1))
    row = 0 if name.endswith("x") else 1
    if name.startswith("shear"):
        maps[:, row, 1 - row] = strength
    else:
        maps[:, row, 2] = -np.trunc(strength)
    return maps


def _narrow(height: int, width: int) -> dict[str, Range]:
    """Return the ranges of AutoAugment and RandAugment."""
    return {
        "shear_x": Range(0, 0.3, signed=True),
        "shear_y": Range(0, 0.3, signed=True),
        "translate_x": Range(0, SHIFT * width, signed=True),
        "translate_y": Range(0, SHIFT * height, signed=True),
        "rotate": Range(0, 30, signed=True),
        "brightness": Range(0, 0.9, signed=True),
        "color": Range(0, 0.9, signed=True),
        "contrast": Range(0, 0.9, signed=True),
        "sharpness": Range(0, 0.9, signed=True),
        "posterize": Range(8, 4),
        "solarize": Range(255, 0),
        "autocontrast": Range(),
        "equalize": Range(),
    }


@dataclass(frozen=True)
class TrivialAugment(Policy):
    """One of 14 operations for each image, its strength drawn evenly from a wide range: nothing to tune.

    Müller and Hutter, "TrivialAugment: tuning-free yet state-of-the-art data augmentation" (2021), there TA (Wide):
    shifts are by up to 32 pixels whatever the size of the image, rotations by up to 135 degrees.
    """

    kind = "trivial_augment"
    stream = 9

    def ranges(self, height: int, width: int) -> dict[str, Range]:
        """Return the operations with the ranges of their strengths."""
        del height, width
        wide = {name: Range(0, 0.99, signed=True) for name in ("shear_x", "shear_y", *ENHANCED)}
        shifts = {name: Range(0, 32, signed=True) for name in ("translate_x", "translate_y")}
        others = {"posterize": Range(8, 2), "solarize": Range(255, 0), "autocontrast": Range(), "equalize": Range()}
        return {"identity": Range(), **wide, **shifts, "rotate": Range(0, 135, signed=True), **others}

    def change(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W), each image after one operation."""
        operations = len(self.ranges(*images.shape[2:]))
        numbers, level, sign = counter.integers((seed, self.stream, epoch), index, (operations, LEVELS + 1, 2))
        return self.operated(images, numbers, level / LEVELS, 2 * sign - 1)


LEVELS = 30
"""The largest level of a strength; 0 changes nothing, or least."""


@dataclass(frozen=True)
class RandAugment(Policy):
    """A few of 14 operations for each image, one after another, all of one level.

    Cubuk, Zoph, Shlens and Le, "RandAugment: practical automated data augmentation with a reduced search space" (2019).
    """

    kind = "rand_augment"
    shorthand = "level"
    stream = 10

    level: Annotated[int, Ge(0), Le(LEVELS)] = 9
    """The strength of all operations, 0 to 30; torchvision calls it magnitude."""
    operations: Annotated[int, Ge(1), Le(14)] = 2
    """Operations an image undergoes; the same one may be drawn again."""

    def ranges(self, height: int, width: int) -> dict[str, Range]:
        """Return the operations with the ranges of their strengths."""
        return {"identity": Range(), **_narrow(height, width)}

    def change(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W), each image after its operations."""
        bounds = (len(self.ranges(*images.shape[2:])), 2) * self.operations
        drawn = counter.integers((seed, self.stream, epoch), index, bounds)
        for numbers, sign in drawn.reshape(self.operations, 2, -1):
            images = self.operated(images, numbers, np.full(len(index), self.level / LEVELS), 2 * sign - 1)
        return images


@dataclass(frozen=True)
class AutoAugment(Policy):
    """One of 25 pairs of operations, found by a search on CIFAR-10, each with its own probability and level.

    Cubuk, Zoph, Mane, Vasudevan and Le, "AutoAugment: learning augmentation policies from data" (2018), table 7.
    """

    kind = "auto_augment"
    shorthand = "policy"
    stream = 11

    policy: Literal["cifar10"] = "cifar10"
    """The data set that the pairs were found on."""

    def ranges(self, height: int, width: int) -> dict[str, Range]:
        """Return the operations with the ranges of their strengths."""
        return {**_narrow(height, width), "invert": Range()}

    def change(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W), each image after one pair, or one, or none of it."""
        names = list(self.ranges(*images.shape[2:]))
        pairs, *signs = counter.integers((seed, self.stream, epoch), index, (len(CIFAR10), 2, 2))
        drawn = counter.uniform((seed, self.stream, epoch, 1), index, 2)
        for place, (sign, chance) in enumerate(zip(signs, drawn, strict=True)):
            steps = [pair[place] for pair in CIFAR10]
            numbers, probability, level = (
                np.array(column)[pairs]
                for column in zip(*((names.index(name), p, level / 9) for name, p, level in steps), strict=True)
            )
            images = self.operated(images, np.where(chance < probability, numbers, -1), level, 2 * sign - 1)
        return images


CIFAR10 = (
    (("invert", 0.1, 0), ("contrast", 0.2, 6)),
    (("rotate", 0.7, 2), ("translate_x", 0.3, 9)),
    (("sharpness", 0.8, 1), ("sharpness", 0.9, 3)),
    (("shear_y", 0.5, 8), ("translate_y", 0.7, 9)),
    (("autocontrast", 0.5, 0), ("equalize", 0.9, 0)),
    (("shear_y", 0.2, 7), ("posterize", 0.3, 7)),
    (("color", 0.4, 3), ("brightness", 0.6, 7)),
    (("sharpness", 0.3, 9), ("brightness", 0.7, 9)),
    (("equalize", 0.6, 0), ("equalize", 0.5, 0)),
    (("contrast", 0.6, 7), ("sharpness", 0.6, 5)),
    (("color", 0.7, 7), ("translate_x", 0.5, 8)),
    (("equalize", 0.3, 0), ("autocontrast", 0.4, 0)),
    (("translate_y", 0.4, 3), ("sharpness", 0.2, 6)),
    (("brightness", 0.9, 6), ("color", 0.2, 8)),
    (("solarize", 0.5, 2), ("invert", 0.0, 0)),
    (("equalize", 0.2, 0), ("autocontrast", 0.6, 0)),
    (("equalize", 0.2, 0), ("equalize", 0.6, 0)),
    (("color", 0.9, 9), ("equalize", 0.6, 0)),
    (("autocontrast", 0.8, 0), ("solarize", 0.2, 8)),
    (("brightness", 0.1, 3), ("color", 0.7, 0)),
    (("solarize", 0.4, 5), ("autocontrast", 0.9, 0)),
    (("translate_y", 0.9, 9), ("translate_y", 0.7, 9)),
    (("autocontrast", 0.9, 0), ("solarize", 0.8, 3)),
    (("equalize", 0.8, 0), ("invert", 0.1, 0)),
    (("translate_y", 0.7, 9), ("autocontrast", 0.9, 0)),
)
"""Pairs of (operation, probability, level of 9)."""
