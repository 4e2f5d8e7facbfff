"""Images turned, shifted, scaled and sheared: every pixel is taken from where an affine map says it came from."""

import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Le, Lt

from nndl.data import counter
from nndl.data.augment.transform import Array, Fill, Filling, Share, each, log_scaled, scaled

Interpolation = Literal["bilinear", "nearest"]

AT_ONCE = 6 << 10
"""Pixels warped at a time: few enough that what is computed on the way stays in the cache, and in memory once had."""

Degrees = Annotated[float, Ge(0), Le(180)]


@dataclass(frozen=True)
class Rotation(Filling):
    """Turn about the middle by a random angle."""

    kind = "rotation"
    shorthand = "degrees"
    stream = 7

    degrees: Degrees = 15.0
    """The largest angle, either way."""
    fill: Fill = field(default=0, kw_only=True)
    """The pixel for what is not there, 0 to 255, or a number for each channel; mean: that of the training pixels."""
    interpolation: Interpolation = field(default="bilinear", kw_only=True)
    """Between the four nearest pixels, or the nearest one."""

    def change(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W), every image turned by an angle of its own."""
        (drawn,) = counter.uniform((seed, self.stream, epoch), index, 1)
        maps = affine_maps(images.shape[2:], scaled(drawn, -self.degrees, self.degrees))
        return warped(images, maps, self.pixel(images), self.interpolation)


@dataclass(frozen=True)
class RandomAffine(Filling):
    """Turn, shift, scale and shear about the middle, all at random, as torchvision's RandomAffine.

    The image is scaled by a factor whose logarithm is uniform, sheared along its rows, turned, then shifted.
    """

    kind = "affine"
    stream = 8

    degrees: Degrees = 0.0
    """The largest angle of rotation, either way."""
    translate: Share = 0.0
    """The largest shift each way, as a share of the width and of the height."""
    scale: tuple[Annotated[float, Ge(0.01), Le(10)], Annotated[float, Ge(0.01), Le(10)]] = (1.0, 1.0)
    """The least and the largest factor of size: [0.9, 1.1]."""
    shear: Annotated[float, Ge(0), Lt(90)] = 0.0
    """The largest angle by which columns lean, either way."""
    fill: Fill = field(default=0, kw_only=True)
    """The pixel for what is not there, 0 to 255, or a number for each channel; mean: that of the training pixels."""
    interpolation: Interpolation = field(default="bilinear", kw_only=True)
    """Between the four nearest pixels, or the nearest one."""

    def __post_init__(self) -> None:
        if self.scale[0] > self.scale[1]:
            raise ValueError(f"affine: scale is the least, then the largest, not {list(self.scale)}")

    def change(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return a new batch (N, C, H, W), every image warped by a map of its own."""
        angle, x, y, scale, shear = counter.uniform((seed, self.stream, epoch), index, 5)
        height, width = images.shape[2:]
        maps = affine_maps(
            (height, width),
            scaled(angle, -self.degrees, self.degrees),
            (scaled(x, -1, 1) * self.translate * width, scaled(y, -1, 1) * self.translate * height),
            log_scaled(scale, *self.scale),
            scaled(shear, -self.shear, self.shear),
        )
        return warped(images, maps, self.pixel(images), self.interpolation)


def affine_maps(
    size: tuple[int, ...],
    angle: Array,
    shift: tuple[Array | float, Array | float] = (0.0, 0.0),
    scale: Array | float = 1.0,
    shear: Array | float = 0.0,
) -> Array:
    """Return the maps (N, 2, 3), from places in what is shown to places in the image, about the middle of (H, W).

    In degrees, clockwise, and pixels (x, y) to the right and downwards. An image is sheared along its rows, turned,
    scaled, then shifted; what is returned undoes that.
    """
    turn = np.radians(angle)
    cos, sin, tan = each(math.cos, turn), each(math.sin, turn), each(math.tan, np.radians(np.atleast_1d(shear)))
    middle_x, middle_y = size[1] / 2, size[0] / 2
    maps = np.empty((len(angle), 2, 3))
    maps[:, 0, 0], maps[:, 0, 1] = cos + tan * -sin, sin + tan * cos
    maps[:, 1, 0], maps[:, 1, 1] = -sin, cos
    maps[:, :, :2] /= np.reshape(scale, (-1, 1, 1))
    x, y = -middle_x - shift[0], -middle_y - shift[1]
    maps[:, 0, 2] = maps[:, 0, 0] * x + maps[:, 0, 1] * y + middle_x
    maps[:, 1, 2] = maps[:, 1, 0] * x + maps[:, 1, 1] * y + middle_y
    return maps


def warped(images: Array, maps: Array, fill: Array, interpolation: Interpolation = "bilinear") -> Array:
    """Return images (N, C, H, W) whose pixels come from where the maps (N, 2, 3) say; fill (C or 1, 1, 1) from outside.

    The middle of the first pixel is at (0.5, 0.5), and what lies within half a pixel of the rim is as the rim: both as
    in Pillow. Bytes are rounded to the nearest.
    """
    out = np.empty_like(images)
    size, sample = images.shape[2:], _between if interpolation == "bilinear" else _nearest
    count = max(1, AT_ONCE // (size[0] * size[1]))
    for start in range(0, len(images), count):
        some = slice(start, start + count)
        x, y = _places(maps[some], size)
        outside = (x < 0) | (x >= size[1]) | (y < 0) | (y >= size[0])
        channels = np.ascontiguousarray(images[some].swapaxes(0, 1))
        out[some] = sample(channels, x, y).swapaxes(0, 1)
        np.copyto(out[some], fill, where=outside[:, None])
    return out


def _places(maps: Array, size: tuple[int, ...]) -> tuple[Array, Array]:
    """Return where the pixels shown come from: x and y, float32 (N, H, W)."""
    across, down = (np.arange(extent, dtype=np.float32) + np.float32(0.5) for extent in (size[1], size[0]))
    at = maps.astype(np.float32)[:, :, :, None, None]
    x, y = (at[:, row, 0] * across + (at[:, row, 1] * down[:, None] + at[:, row, 2]) for row in (0, 1))
    return x, y


def _nearest(images: Array, x: Array, y: Array) -> Array:
    """Return the pixels at x, y (N, H, W) of images (C, N, H, W); what lies outside is as the rim."""
    height, width = images.shape[2:]
    return _taken(images, _starts(images) + _clipped(y, height) * width + _clipped(x, width))


def _between(images: Array, x: Array, y: Array) -> Array:
    """Return what lies between the four pixels around x, y."""
    height, width = images.shape[2:]
    kind = images.dtype if images.dtype.kind == "f" else np.dtype(np.float32)
    wide = _with_rim(images, kind)
    x, y = (np.clip(place, 0, size) + np.float32(0.5) for place, size in ((x, width), (y, height)))
    left, top = np.floor(x), np.floor(y)
    dx, dy = (part.astype(kind, copy=False) for part in (x - left, y - top))
    first = _starts(wide) + (top * (width + 2) + left).astype(np.intp)
    upper, lower = (
        _blended(_taken(wide, first, row * (width + 2)), _taken(wide, first, row * (width + 2) + 1), dx)
        for row in (0, 1)
    )
    mixed = _blended(upper, lower, dy)
    return mixed if images.dtype.kind == "f" else np.rint(mixed, out=mixed).astype(images.dtype)


def _with_rim(images: Array, kind: np.dtype[Any]) -> Array:
    """Return images (C, N, H + 2, W + 2) of a dtype, with the pixels of the rim once more around them."""
    channels, count, height, width = images.shape
    wide = np.empty((channels, count, height + 2, width + 2), kind)
    wide[:, :, 1:-1, 1:-1] = images
    wide[:, :, 0], wide[:, :, -1] = wide[:, :, 1], wide[:, :, -2]
    wide[..., 0], wide[..., -1] = wide[..., 1], wide[..., -2]
    return wide


def _blended(one: Array, other: Array, share: Array) -> Array:
    """Return one + share * (other - one), which overwrites `other`."""
    other -= one
    other *= share
    other += one
    return other


def _clipped(place: Array, size: int) -> Array:
    return np.clip(place, 0, size - 1).astype(np.intp)


def _starts(images: Array) -> Array:
    """Return where each image begins within a channel, (N, 1, 1)."""
    return np.arange(images.shape[1])[:, None, None] * images[0, 0].size


def _taken(images: Array, places: Array, further: int = 0) -> Array:
    """Return the numbers (C, N, H, W) at places (N, H, W) of every channel, or so much further on."""
    out = np.empty((len(images), *places.shape), images.dtype)
    for channel, taken in zip(images, out, strict=True):
        np.take(channel.reshape(-1)[further:], places, out=taken, mode="clip")
    return out
