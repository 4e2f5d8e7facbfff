"""Operations on pictures of bytes, each image with a strength of its own: what Pillow's ImageOps and ImageEnhance do.

Images are uint8 (N, C, H, W), strengths (N,). Every byte is that of Pillow, to which the tests hold it.
"""

from collections.abc import Callable

import numpy as np

from nndl.data.augment.transform import Array

LUMA_65536 = (19595, 38470, 7471)
"""Brightness of red, green and blue in 1/65536 (ITU-R BT.601), as Pillow has it."""


def brightness(images: Array, factor: Array) -> Array:
    """Multiply by a factor: 0 is black."""
    return _blended(np.zeros((), np.float32), images, factor)


def contrast(images: Array, factor: Array) -> Array:
    """Move away from the mean brightness by a factor: 0 is one grey."""
    luma = _luma(images)
    mean = np.floor(luma.reshape(len(images), -1).sum(axis=1) / luma[0].size + 0.5)
    return _blended(mean.astype(np.float32)[:, None, None, None], images, factor)


def saturation(images: Array, factor: Array) -> Array:
    """Move away from each pixel's brightness by a factor: 0 is grey, and grey stays as it is."""
    return _blended(_luma(images).astype(np.float32), images, factor)


def sharpness(images: Array, factor: Array) -> Array:
    """Move away from the image smoothed over 3 x 3 pixels, but for its rim, by a factor: 0 is smooth."""
    smooth = images.astype(np.float32)
    wide = images.astype(np.uint16)
    rows = wide[:, :, :-2] + wide[:, :, 1:-1] + wide[:, :, 2:]
    total = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:] + 4 * wide[:, :, 1:-1, 1:-1]  # weights 1, and 5 amid them
    smooth[:, :, 1:-1, 1:-1] = (total + 6) // 13
    return _blended(smooth, images, factor)


def posterize(images: Array, bits: Array) -> Array:
    """Keep the upper bits of every byte, 0 to 8."""
    kept: Array = images & (0xFF00 >> bits.astype(np.int64)).astype(np.uint8)[:, None, None, None]
    return kept


def solarize(images: Array, threshold: Array) -> Array:
    """Invert the bytes at or above a threshold."""
    return np.where(images >= threshold[:, None, None, None], ~images, images)


def invert(images: Array, _: Array | None = None) -> Array:
    """Return 255 minus every byte."""
    return ~images


def autocontrast(images: Array, _: Array | None = None) -> Array:
    """Stretch each channel linearly so that its darkest byte is 0 and its brightest 255."""
    low, high = (bound(axis=(2, 3)).astype(np.float64)[..., None] for bound in (images.min, images.max))
    scale = 255.0 / np.maximum(high - low, 1)
    table = np.clip(np.arange(256) * scale - low * scale, 0, 255).astype(np.uint8)
    return _looked_up(images, np.where(high > low, table, np.arange(256, dtype=np.uint8)))


def equalize(images: Array, _: Array | None = None) -> Array:
    """Make each channel's bytes as evenly distributed as a table of bytes can."""
    counts = np.bincount(_numbered(images).ravel(), minlength=len(images) * images.shape[1] * 256)
    counts = counts.reshape(*images.shape[:2], 256)
    brightest = np.take_along_axis(counts, images.max(axis=(2, 3)).astype(np.int64)[..., None], 2)
    step = (counts.sum(axis=2, keepdims=True) - brightest) // 255
    below = np.cumsum(counts, axis=2) - counts
    table = np.minimum((step // 2 + below) // np.maximum(step, 1), 255).astype(np.uint8)
    return _looked_up(images, np.where(step > 0, table, np.arange(256, dtype=np.uint8)))


def _luma(images: Array) -> Array:
    """Return brightness (N, 1, H, W), whole numbers."""
    if images.shape[1] == 1:
        return images
    weighted = (images[:, channel, None].astype(np.uint32) * weight for channel, weight in enumerate(LUMA_65536))
    return np.asarray((sum(weighted) + 0x8000) >> 16)


def _blended(towards: Array, images: Array, factor: Array) -> Array:
    """Return towards + factor * (images - towards), in float32, cut off to bytes."""
    out = images - towards
    out *= factor.astype(np.float32)[:, None, None, None]
    out += towards
    return np.clip(out, 0, 255, out=out).astype(np.uint8)


def _numbered(images: Array) -> Array:
    """Return each byte with the number of its channel, counted through all images, in front."""
    channels = np.arange(len(images) * images.shape[1]).reshape(*images.shape[:2], 1, 1)
    return images + (channels << 8)


def _looked_up(images: Array, table: Array) -> Array:
    """Return table (N, C, 256) at every byte."""
    return np.take(table.reshape(-1), _numbered(images))


Operation = Callable[[Array, Array], Array]

COLOURS: dict[str, Operation] = {
    "brightness": brightness,
    "contrast": contrast,
    "color": saturation,
    "sharpness": sharpness,
    "posterize": posterize,
    "solarize": solarize,
    "autocontrast": autocontrast,
    "equalize": equalize,
    "invert": invert,
}
"""The operations on colours by their names in the papers."""
