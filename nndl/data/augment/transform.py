"""A random change of training images, drawn from (seed, epoch, index of the image), and what such changes share."""

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from nndl.data import counter
from nndl.described import Described

Array = NDArray[Any]

GREY = 121  # mean of CIFAR-10's training pixels, of 255

CHANCES = 1 << 32
"""Part of the key of draws that decide whether an image is changed: no transform's stream is as large."""

AGAIN = 0xD1342543DE82EF95
"""Added to the seed of a kind that stands in a list again: odd, and no small number."""

Share = Annotated[float, Ge(0), Le(1)]
Byte = Annotated[int, Ge(0), Le(255)]
Fill = Byte | tuple[Byte, ...] | Literal["mean"]
"""A pixel, 0 to 255: one number, one for each channel, or the mean of the training pixels."""


@dataclass(frozen=True)
class Transform(Described):
    """A random change of images. Options that make no sense raise ValueError."""

    stream: ClassVar[int]
    draws_again: ClassVar[bool] = False
    """True for a kind that draws the same numbers each time it stands in a list, as the first runs had it."""

    def check(self, height: int, width: int) -> None:
        """Raise ValueError where images of this size are too small for it."""

    def idle(self, height: int, width: int) -> str:  # noqa: ARG002
        """Return why it would never change images of this size, from the option on; nothing where it may."""
        return ""

    def fitted(self, channels: int, mean: Callable[[], Array]) -> "Transform":
        """Return it as it is for images of so many channels, the mean of whose training pixels (C,) may be asked."""
        del channels, mean
        return self

    @abstractmethod
    def apply(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch like images, uint8 or float (N, C, H, W); index int64 (N,): their numbers in the set.

        Raises TypeError for floats where colours are changed that only bytes have.
        """


@dataclass(frozen=True)
class Chance(Transform):
    """A change that some of the images undergo, drawn anew in each epoch."""

    probability: Share = field(default=1.0, kw_only=True)
    """The probability that an image is changed."""

    @abstractmethod
    def change(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch like images, all of them changed."""

    def apply(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W), some of it changed."""
        if self.probability == 1:
            return self.change(images, index, epoch, seed)
        chosen = counter.uniform((seed, CHANCES, self.stream, epoch), index, 1)[0] < self.probability
        out = images.copy()
        if chosen.any():
            out[chosen] = self.change(images[chosen], index[chosen], epoch, seed)
        return out


@dataclass(frozen=True)
class Filling(Chance):
    """A change that leaves pixels to be filled: its option `fill` says with what."""

    def takes_mean(self, channels: int) -> bool:
        """Tell whether images of so many channels are filled with the mean of the training pixels."""
        del channels
        return bool(vars(self)["fill"] == "mean")

    def fitted(self, channels: int, mean: Callable[[], Array]) -> "Filling":
        """Return it with the mean of the training pixels put in, where that is the fill."""
        return replace(self, fill=_as_pixel(mean())) if self.takes_mean(channels) else self  # type: ignore[call-arg]

    def pixel(self, images: Array) -> Array:
        """Return the fill (C or 1, 1, 1) of the images' dtype. A mean not told is 121, and 0 in normalised floats."""
        fill = vars(self)["fill"]
        unknown = GREY if images.dtype == np.uint8 else 0
        return np.atleast_1d(unknown if isinstance(fill, str) else fill).astype(images.dtype)[:, None, None]


def seeds(transforms: Sequence[Transform], seed: int) -> list[int]:
    """Return the seed for each of the transforms: where one of its kind stands before it, another one."""
    kinds = [type(transform) for transform in transforms]
    repeated = [0 if kind.draws_again else kinds[:place].count(kind) for place, kind in enumerate(kinds)]
    return [seed + AGAIN * times for times in repeated]


def _as_pixel(mean: Array) -> tuple[int, ...]:
    return tuple(int(value) for value in np.rint(mean))


def each(function: Callable[[float], float], values: Array) -> Array:
    """Return function(value) of every one, float64, by itself: NumPy's may differ with a value's place in an array."""
    return np.array([function(value) for value in values.ravel().tolist()]).reshape(values.shape)


def scaled(drawn: Array, low: float, high: float) -> Array:
    """Return draws from 0 to 1 as numbers from low to high, float64."""
    return low + (high - low) * drawn.astype(np.float64)


def log_scaled(drawn: Array, low: float, high: float) -> Array:
    """Return draws from 0 to 1 as numbers whose logarithm is uniform from that of low to that of high, float64."""
    return each(math.exp, scaled(drawn, math.log(low), math.log(high)))


def bytes_only(transform: Transform, images: Array) -> None:
    """Raise TypeError for images that are no bytes, where a change of colours is one of bytes."""
    if images.dtype != np.uint8:
        raise TypeError(f"{transform.kind} changes bytes (uint8), not {images.dtype}")
