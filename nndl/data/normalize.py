"""Putting pixels into the range a network learns from."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
Kind = Literal["standard", "mean_image", "none"]

_CHUNK = 64  # images: as float64 they stay in the cache


@dataclass(frozen=True, eq=False)
class Normalize:
    """(x - mean) / std of pixels 0..255: mean float64 (C,) or (C, H, W), std float64 (C,), both in pixel units."""

    mean: Array
    std: Array

    @classmethod
    def fit(cls, images: Array, kind: Kind, index: Array | None = None) -> "Normalize":
        """Fit the normalisation to images uint8 (N, C, H, W), those at `index`: the training split; or to all.

        standard: zero mean and unit variance per channel. mean_image: the mean image is subtracted and the range stays
        0..255, as the courses do. none: pixels are scaled to 0..1.
        """
        _, channels, height, width = images.shape
        if kind == "none":
            return cls(np.zeros(channels), np.full(channels, 255.0))
        index = np.arange(len(images)) if index is None else index
        if kind == "mean_image":
            return cls(_sums(images, index)[0] / len(index), np.ones(channels))
        pixels = float(len(index) * height * width)
        total, squares = (sums.sum(axis=(1, 2)) / pixels for sums in _sums(images, index))
        deviation = np.sqrt(squares - total**2)
        return cls(total, np.where(deviation > 0, deviation, 1.0))

    def apply(self, images: Array, dtype: DTypeLike = np.float32) -> Array:
        """Return normalised images of dtype (N, C, H, W), C-contiguous; computed as x * scale + shift."""
        scale = (1 / self.std).astype(dtype)[:, None, None]
        shift = (-(self.mean.T / self.std).T).astype(dtype).reshape(len(self.std), *(self.mean.shape[1:] or (1, 1)))
        normalized: Array = np.multiply(images, scale, dtype=dtype)
        normalized += shift
        return normalized


def _sums(images: Array, index: Array) -> tuple[Array, Array]:
    """Sum and sum of squares over the images at index, float64 (C, H, W): integers below 2**53, exact in any order."""
    total, squares = np.zeros(images.shape[1:]), np.zeros(images.shape[1:])
    for start in range(0, len(index), _CHUNK):
        chunk = images[index[start : start + _CHUNK]].astype(np.float64)
        total += chunk.sum(axis=0)
        squares += np.einsum("nchw,nchw->chw", chunk, chunk)
    return total, squares
