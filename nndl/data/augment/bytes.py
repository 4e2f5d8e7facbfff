"""Single operations on the bytes of pictures, as the policies draw them, each in half of the images."""

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from nndl.data import counter
from nndl.data.augment.operations import COLOURS
from nndl.data.augment.transform import Array, Byte, Chance, Share, bytes_only, scaled


@dataclass(frozen=True)
class Operated(Chance):
    """A change of colours by one operation, that of its own name."""

    probability: Share = field(default=0.5, kw_only=True)
    """The probability that an image is changed."""

    def strengths(self, index: Array, epoch: int, seed: int) -> Array:
        """Return the strength (N,) for each image, where the operation has one."""
        del epoch, seed
        return np.zeros(len(index))

    def change(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W) of bytes, all of it changed."""
        bytes_only(self, images)
        return COLOURS[self.kind](images, self.strengths(index, epoch, seed))


@dataclass(frozen=True)
class Sharpness(Operated):
    """Sharpen or smooth by a random factor: 0 smooths over 3 x 3 pixels, 2 adds as much as that takes away."""

    kind = "sharpness"
    shorthand = "change_by"
    stream = 12

    change_by: Annotated[float, Ge(0), Le(1)] = 0.5
    """The factor is from 1 - change_by to 1 + change_by."""

    def strengths(self, index: Array, epoch: int, seed: int) -> Array:
        """Draw the factors (N,)."""
        (drawn,) = counter.uniform((seed, self.stream, epoch), index, 1)
        return scaled(drawn, 1 - self.change_by, 1 + self.change_by)


@dataclass(frozen=True)
class Posterize(Operated):
    """Keep the upper bits of every byte."""

    kind = "posterize"
    shorthand = "bits"
    stream = 13

    bits: Annotated[int, Ge(1), Le(8)] = 4
    """The bits that are kept; 8 are all."""

    def strengths(self, index: Array, epoch: int, seed: int) -> Array:
        """Return the bits (N,)."""
        del epoch, seed
        return np.full(len(index), self.bits)


@dataclass(frozen=True)
class Solarize(Operated):
    """Invert the bytes at or above a threshold."""

    kind = "solarize"
    shorthand = "threshold"
    stream = 14

    threshold: Byte = 128
    """The lowest byte that is inverted."""

    def strengths(self, index: Array, epoch: int, seed: int) -> Array:
        """Return the thresholds (N,)."""
        del epoch, seed
        return np.full(len(index), self.threshold)


@dataclass(frozen=True)
class Autocontrast(Operated):
    """Stretch each channel so that its darkest byte is 0 and its brightest 255."""

    kind = "autocontrast"
    stream = 15


@dataclass(frozen=True)
class Equalize(Operated):
    """Make each channel's bytes as evenly distributed as a table of bytes can."""

    kind = "equalize"
    stream = 16


@dataclass(frozen=True)
class Invert(Operated):
    """Show the negative."""

    kind = "invert"
    stream = 17
