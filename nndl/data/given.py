"""Images and labels as people have them, made what the rest works on, or refused in words."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nndl.errors import UsageError

Array = NDArray[Any]


def as_pixels(images: ArrayLike, shape: tuple[int, int, int] = (3, 32, 32)) -> Array:
    """Return images as pixels 0..255 (N, C, H, W): uint8 stays as it is, floats from 0 to 1 are multiplied by 255.

    images: (N, H, W, C) or (N, C, H, W) of the `shape` (C, H, W); where C is 1, (N, H, W) too. Raises UsageError for
    anything else.
    """
    channels, height, width = shape
    layouts = [(height, width, channels), shape, *([(height, width)] if channels == 1 else [])]
    right = f"images are {' or '.join('(' + ', '.join(map(str, ('N', *layout))) + ')' for layout in layouts)}"
    images = _array(images, right)
    if images.ndim == 3 and images.shape in layouts:
        raise UsageError(f"images have a first axis that counts them; for one of {images.shape} give images[None]")
    if images.ndim < 3 or images.shape[1:] not in layouts:
        raise UsageError(f"{right}, not {images.shape}")
    pixels = _bytes_or_scaled(images)
    return pixels if images.shape[1:] == shape else _channels_first(pixels, shape)


def _channels_first(images: Array, shape: tuple[int, int, int]) -> Array:
    return images.transpose(0, 3, 1, 2) if images.ndim == 4 else images.reshape(-1, *shape)


def _bytes_or_scaled(images: Array) -> Array:
    """Return uint8 as it is, and floats from 0 to 1 times 255. Raises UsageError for other types and ranges."""
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise UsageError(f"images are uint8 (0 to 255) or floats (0 to 1), not {images.dtype}")
    if images.size and not (images.min() >= 0 and images.max() <= 1):
        raise UsageError("images of floats go from 0 to 1, and these do not; give uint8 for 0 to 255")
    return images * np.asarray(255, images.dtype)


def as_labels(labels: ArrayLike, images: int, classes: int) -> Array:
    """Return labels of `images` images as int64 (N,). Raises UsageError unless they are whole numbers of classes."""
    labels = _array(labels, f"labels are (N,), one for each of the {images:,} images")
    if labels.shape != (images,):
        column = "; give labels[:, 0]" if labels.shape == (images, 1) else ""
        raise UsageError(f"labels are (N,), one for each of the {images:,} images, not {labels.shape}{column}")
    if labels.dtype.kind not in "iub":
        raise UsageError(f"labels are whole numbers, the positions of the classes, not {labels.dtype}")
    if images and not (labels.min() >= 0 and labels.max() < classes):
        raise UsageError(f"labels go from 0 to {classes - 1}, and these from {labels.min()} to {labels.max()}")
    return labels.astype(np.int64)


def _array(given: ArrayLike, right: str) -> Array:
    """Return what is given as an array; raises UsageError, with what would be right, for rows of several lengths."""
    try:
        return np.asarray(given)
    except (ValueError, TypeError, RuntimeError) as error:  # the last two of what only looks like an array
        raise UsageError(f"{right}, and this makes no array: {error}") from None
