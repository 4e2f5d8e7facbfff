"""Images mirrored and shifted, by whole pixels."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nndl.data import counter
from nndl.data.augment.transform import Array, Chance, Share, Transform
from nndl.data.dataset import LARGEST


@dataclass(frozen=True)
class Flip(Transform):
    """Mirror left to right, by the toss of a coin for each image in each epoch."""

    kind = "flip"
    stream = 1
    draws_again = True

    probability: Share = field(default=0.5, kw_only=True)
    """The probability that an image is mirrored."""

    def apply(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W), about half of it mirrored."""
        return _mirrored(images, counter.uniform((seed, self.stream, epoch), index, 1)[0] >= 1 - self.probability)


@dataclass(frozen=True)
class AlternatingFlip(Transform):
    """Mirror a random half of the images in even epochs and the other half in odd ones.

    Two epochs so show every image both ways, which a fresh toss does for one in two (Jordan, "94% on CIFAR-10 in 3.29
    Seconds on a Single GPU", 2024).
    """

    kind = "alternating_flip"
    stream = 2
    draws_again = True

    def apply(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W), about half of it mirrored."""
        return _mirrored(images, counter.integers((seed, self.stream), index, (2,))[0] == epoch % 2)


@dataclass(frozen=True)
class Crop(Chance):
    """Pad every side and cut out the original size at a random place: a shift by up to `pad` pixels each way."""

    kind = "crop"
    shorthand = "pad"
    stream = 3
    draws_again = True

    pad: int = 4
    """Pixels added on every side."""
    mode: Literal["zero", "reflect"] = "zero"
    """Black margins, or the image mirrored at its edge (without repeating the outermost row)."""

    def __post_init__(self) -> None:
        if not 0 <= self.pad < LARGEST or self.mode not in ("zero", "reflect"):
            raise ValueError(f"crop: pad is from 0 to {LARGEST - 1}, mode zero or reflect")

    def check(self, height: int, width: int) -> None:
        if self.pad >= min(height, width):
            raise ValueError(f"crop: pad is from 0 to {min(height, width) - 1} with images of {height} x {width}")

    def change(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W), every image shifted by its own -pad..pad rows and columns."""
        top, left = counter.integers((seed, self.stream, epoch), index, (2 * self.pad + 1,) * 2)
        windows = sliding_window_view(self._padded(images), images.shape[2:], (2, 3))
        cropped: Array = windows[np.arange(len(images)), :, top, left]
        return cropped

    def _padded(self, images: Array) -> Array:
        pad, (_, _, height, width) = self.pad, images.shape
        padded = np.zeros((*images.shape[:2], height + 2 * pad, width + 2 * pad), images.dtype)
        padded[:, :, pad : pad + height, pad : pad + width] = images
        if self.mode == "reflect":
            for axis, size in ((2, height), (3, width)):
                view = np.moveaxis(padded, axis, 0)
                for i in range(1, pad + 1):  # line by line: NumPy is slow to copy a few columns together
                    view[pad - i] = view[pad + i]
                    view[pad + size - 1 + i] = view[pad + size - 1 - i]
        return padded


def _mirrored(images: Array, chosen: Array) -> Array:
    out = images.copy()
    out[chosen] = images[chosen, :, :, ::-1]
    return out
