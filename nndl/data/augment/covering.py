"""Images of which a part is covered."""

import math
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le

from nndl.data import counter
from nndl.data.augment.transform import CHANCES, Array, Fill, Filling, Share, log_scaled, scaled
from nndl.data.dataset import LARGEST

ATTEMPTS = 10
"""Rectangles drawn for an image until one fits."""
BYTES_DEVIATION = math.sqrt((256**2 - 1) / 12)
"""Standard deviation of bytes that are all as likely."""


@dataclass(frozen=True)
class Cutout(Filling):
    """Grey out a square whose centre is anywhere in the image, so that part of it may lie outside.

    DeVries and Taylor, "Improved regularization of convolutional neural networks with cutout" (2017). The fill is about
    the data's mean, as there; float images are taken to be normalised, so that theirs is 0.
    """

    kind = "cutout"
    shorthand = "size"
    stream = 4
    draws_again = True

    size: int = 8
    """Side of the square in pixels."""
    fill: Fill | Literal["auto"] = field(default="auto", kw_only=True)
    """A pixel, 0 to 255, or one number for each channel; mean: the mean of the training pixels; auto: 121, which is
    CIFAR-10's, in colours, and the mean in grey pictures, whose data differ more (MNIST's is 33)."""

    def __post_init__(self) -> None:
        if not 1 <= self.size <= LARGEST:
            raise ValueError(f"cutout: size is from 1 to {LARGEST}")

    def check(self, height: int, width: int) -> None:
        if self.size > max(height, width):
            raise ValueError(f"cutout: size is from 1 to {max(height, width)} with images of {height} x {width}")

    def takes_mean(self, channels: int) -> bool:
        """Tell whether images of so many channels are filled with the mean of the training pixels."""
        return self.fill == "mean" or (self.fill == "auto" and channels == 1)

    def change(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W), every image with a square of one colour."""
        height, width = images.shape[2:]
        centre = counter.integers((seed, self.stream, epoch), index, (height, width))
        inside = boxes(centre - self.size // 2, (self.size, self.size), height, width)
        return np.where(inside, self.pixel(images), images)


@dataclass(frozen=True)
class RandomErasing(Filling):
    """Cover a rectangle of random area, proportions and place with noise, in half of the images.

    Zhong, Zheng, Kang, Li and Yang, "Random erasing data augmentation" (2017). The logarithm of height / width is
    uniform, and an image for which 10 rectangles in a row are too large stays as it is, both as in torchvision.
    """

    kind = "random_erasing"
    shorthand = "probability"
    stream = 6

    probability: Share = field(default=0.5, kw_only=True)
    """The probability that an image is changed."""
    area: tuple[Annotated[float, Gt(0), Le(1)], Annotated[float, Gt(0), Le(1)]] = (0.02, 0.33)
    """The least and the largest area of the rectangle, as shares of the image."""
    ratio: Annotated[float, Ge(0.01), Le(1)] = 0.3
    """The least height / width; the largest is its inverse."""
    fill: Fill | Literal["noise"] = "noise"
    """noise: each number drawn by itself, evenly; or a pixel, 0 to 255, or one number for each channel; mean: the mean
    of the training pixels."""

    def __post_init__(self) -> None:
        if self.area[0] > self.area[1]:
            raise ValueError(f"random_erasing: area is the least, then the largest, not {list(self.area)}")

    def idle(self, height: int, width: int) -> str:
        tall, wide = height - 0.5, width - 0.5  # sides are rounded, and less than the image's
        most = min(tall * wide, tall**2 / self.ratio, wide**2 / self.ratio) / (height * width)
        of = f"images of {height} x {width}"
        if self.area[0] >= most:
            least = f"area begins with {self.area[0]:g}, and rectangles of less than {math.floor(most * 100) / 100:g}"
            return f"{least} alone fit into {of}"
        if self.area[1] * height * width <= 0.25:  # both sides from 0.5 on are rounded up
            return f"area ends with {self.area[1]:g}, less than a pixel of {of}"
        return ""

    def change(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W), every image with a rectangle covered."""
        height, width = images.shape[2:]
        size, corner = self.rectangles(index, epoch, seed, height, width)
        inside = boxes(corner, size, height, width)
        covers = self._noise(images, index, epoch, seed) if self.fill == "noise" else self.pixel(images)
        return np.where(inside, covers, images)

    def rectangles(self, index: Array, epoch: int, seed: int, height: int, width: int) -> tuple[Array, Array]:
        """Draw sizes and upper left corners, int64 (2, N) each, rows first; (0, 0) where ten were too large."""
        drawn = counter.uniform((seed, self.stream, epoch), index, 2 * ATTEMPTS + 2)
        areas = scaled(drawn[:ATTEMPTS], *self.area) * height * width
        ratios = log_scaled(drawn[ATTEMPTS:-2], self.ratio, 1 / self.ratio)
        tried = np.rint(np.sqrt([areas * ratios, areas / ratios])).astype(np.int64)  # (2, attempts, N)
        room = np.array([height, width])[:, None]
        fits = (tried < room[:, None]).all(axis=0)
        size = np.where(fits.any(axis=0), tried[:, fits.argmax(axis=0), np.arange(len(index))], 0)
        return size, (drawn[-2:] * (room - size + 1)).astype(np.int64)

    def _noise(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Draw a pixel's numbers each by itself: bytes, or floats of mean 0 and variance 1."""
        shape = images.shape[1:]
        bits = counter.bits((seed, CHANCES, self.stream, epoch, 1), index, -(-math.prod(shape) // 8))
        drawn = np.ascontiguousarray(bits.T).astype("<u8").view(np.uint8)[:, : math.prod(shape)]
        drawn = drawn.reshape(images.shape)
        if images.dtype == np.uint8:
            return drawn
        return ((drawn - 127.5) / BYTES_DEVIATION).astype(images.dtype)


def boxes(corner: Array, size: Array | tuple[int, int], height: int, width: int) -> Array:
    """Return bool (N, 1, H, W), where boxes lie whose upper left corners are (2, N), sizes (2, N) or one for all."""
    top, left = corner[:, :, None]
    rows, columns = (np.reshape(extent, (-1, 1)) for extent in size)
    y, x = np.arange(height) - top, np.arange(width) - left
    inside: Array = ((y >= 0) & (y < rows))[:, None, :, None] & ((x >= 0) & (x < columns))[:, None, None, :]
    return inside
