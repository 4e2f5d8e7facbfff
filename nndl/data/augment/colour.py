"""Colours changed at random."""

from dataclasses import dataclass

import numpy as np

from nndl.data import counter
from nndl.data.augment.transform import Array, Chance

LUMA = (0.299, 0.587, 0.114)  # brightness of red, green and blue: ITU-R BT.601


@dataclass(frozen=True)
class ColorJitter(Chance):
    """Multiply brightness, contrast and saturation, in this order, by random factors from 1 - option to 1 + option.

    Contrast is about the image's mean brightness, saturation about each pixel's. In uint8 the result is rounded and
    kept within 0..255.
    """

    kind = "color_jitter"
    stream = 5
    draws_again = True

    brightness: float = 0.0
    """Largest relative change of brightness, 0 to 1."""
    contrast: float = 0.0
    """Largest relative change of contrast, 0 to 1."""
    saturation: float = 0.0
    """Largest relative change of saturation, 0 to 1."""

    def __post_init__(self) -> None:
        if not all(0 <= option <= 1 for option in (self.brightness, self.contrast, self.saturation)):
            raise ValueError("color_jitter: brightness, contrast and saturation are from 0 to 1")

    def change(self, images: Array, index: Array, epoch: int, seed: int) -> Array:
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


def _luma(images: Array) -> Array:
    """Return brightness (N, 1, H, W), of images in colour or grey."""
    if images.shape[1] == 1:
        return images
    red, green, blue = (images[:, channel, None] * images.dtype.type(LUMA[channel]) for channel in range(3))
    return np.asarray(red + green + blue)


def _blend(towards: Array, images: Array, factor: Array) -> Array:
    return np.asarray(towards + factor * (images - towards))
