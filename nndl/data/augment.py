"""Augmentation of training images, whole batches at a time.

What happens to an image depends on (seed, epoch, index of the image in the training set) only: not on its batch, on
the order, or on the other transforms, each of which has its own stream of random numbers. Nothing need be saved to
resume.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nndl.data import counter
from nndl.data.dataset import LARGEST
from nndl.described import Described, table

Array = NDArray[Any]

GREY = 121  # mean of CIFAR-10's training pixels, of 255
LUMA = (0.299, 0.587, 0.114)  # brightness of red, green and blue: ITU-R BT.601


@dataclass(frozen=True)
class Transform(Described):
    """A random change of images. Options that make no sense raise ValueError."""

    stream: ClassVar[int]

    def check(self, height: int, width: int) -> None:
        """Raise ValueError where images of this size are too small for it."""

    @abstractmethod
    def apply(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch like images, uint8 or float (N, C, H, W); index int64 (N,): their numbers in the set."""


@dataclass(frozen=True)
class Flip(Transform):
    """Mirror left to right, by the toss of a coin for each image in each epoch."""

    kind = "flip"
    stream = 1

    def apply(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W), about half of it mirrored."""
        return _mirrored(images, counter.integers((seed, self.stream, epoch), index, (2,))[0] == 1)


@dataclass(frozen=True)
class AlternatingFlip(Transform):
    """Mirror a random half of the images in even epochs and the other half in odd ones.

    Two epochs so show every image both ways, which a fresh toss does for one in two (Jordan, "94% on CIFAR-10 in 3.29
    Seconds on a Single GPU", 2024).
    """

    kind = "alternating_flip"
    stream = 2

    def apply(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W), about half of it mirrored."""
        return _mirrored(images, counter.integers((seed, self.stream), index, (2,))[0] == epoch % 2)


@dataclass(frozen=True)
class Crop(Transform):
    """Pad every side and cut out the original size at a random place: a shift by up to `pad` pixels each way."""

    kind = "crop"
    shorthand = "pad"
    stream = 3

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

    def apply(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
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
                view[:pad] = view[2 * pad : pad : -1]
                view[pad + size :] = view[pad + size - 2 : size - 2 : -1]
        return padded


@dataclass(frozen=True)
class Cutout(Transform):
    """Grey out a square whose centre is anywhere in the image, so that part of it may lie outside.

    DeVries and Taylor, "Improved regularization of convolutional neural networks with cutout" (2017). The fill is about
    the data's mean, as there: 121 in uint8 images, 0 in float ones, which are taken to be normalised.
    """

    kind = "cutout"
    shorthand = "size"
    stream = 4

    size: int = 8
    """Side of the square in pixels."""

    def __post_init__(self) -> None:
        if not 1 <= self.size <= LARGEST:
            raise ValueError(f"cutout: size is from 1 to {LARGEST}")

    def check(self, height: int, width: int) -> None:
        if self.size > max(height, width):
            raise ValueError(f"cutout: size is from 1 to {max(height, width)} with images of {height} x {width}")

    def apply(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W), every image with a square of one grey."""
        height, width = images.shape[2:]
        centre = counter.integers((seed, self.stream, epoch), index, (height, width))
        top, left = centre[:, :, None] - self.size // 2
        y, x = np.arange(height) - top, np.arange(width) - left
        inside = ((y >= 0) & (y < self.size))[:, None, :, None] & ((x >= 0) & (x < self.size))[:, None, None, :]
        return np.where(inside, images.dtype.type(GREY if images.dtype == np.uint8 else 0), images)


@dataclass(frozen=True)
class ColorJitter(Transform):
    """Multiply brightness, contrast and saturation, in this order, by random factors from 1 - option to 1 + option.

    Contrast is about the image's mean brightness, saturation about each pixel's. In uint8 the result is rounded and
    kept within 0..255.
    """

    kind = "color_jitter"
    stream = 5

    brightness: float = 0.0
    """Largest relative change of brightness, 0 to 1."""
    contrast: float = 0.0
    """Largest relative change of contrast, 0 to 1."""
    saturation: float = 0.0
    """Largest relative change of saturation, 0 to 1."""

    def __post_init__(self) -> None:
        if not all(0 <= option <= 1 for option in (self.brightness, self.contrast, self.saturation)):
            raise ValueError("color_jitter: brightness, contrast and saturation are from 0 to 1")

    def apply(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W) with each image's colours changed by its own factors."""
        drawn = 2 * counter.uniform((seed, self.stream, epoch), index, 3)[:, :, None, None, None] - 1
        dtype = np.float32 if images.dtype == np.uint8 else images.dtype
        brightness, contrast, saturation = (
            1 + drawn * np.reshape([self.brightness, self.contrast, self.saturation], (3, 1, 1, 1, 1))
        ).astype(dtype)
        jittered: Array = images * brightness
        if self.contrast:
            jittered = _blend(_luma(jittered).mean(axis=(2, 3), keepdims=True), jittered, contrast)
        if self.saturation:
            jittered = _blend(_luma(jittered), jittered, saturation)
        return np.rint(jittered).clip(0, 255).astype(np.uint8) if images.dtype == np.uint8 else jittered


TRANSFORMS: dict[str, type[Transform]] = table(Flip, AlternatingFlip, Crop, Cutout, ColorJitter)
"""The transforms by their names in YAML."""


def _mirrored(images: Array, chosen: Array) -> Array:
    out = images.copy()
    out[chosen] = images[chosen, :, :, ::-1]
    return out


def _luma(images: Array) -> Array:
    """Return brightness (N, 1, H, W), of images in colour or grey."""
    if images.shape[1] == 1:
        return images
    red, green, blue = (images[:, channel, None] * images.dtype.type(LUMA[channel]) for channel in range(3))
    return np.asarray(red + green + blue)


def _blend(towards: Array, images: Array, factor: Array) -> Array:
    return np.asarray(towards + factor * (images - towards))
