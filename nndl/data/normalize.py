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
    """(x - mean) / std of pixels 0..255: mean float64 (3,) or (3, 32, 32), std float64 (3,), both in pixel units."""

    mean: Array
    std: Array

    @classmethod
    def fit(cls, images: Array, kind: Kind) -> "Normalize":
        """Fit the normalisation to images uint8 (N, 3, 32, 32), the training split.

        standard: zero mean and unit variance per channel. mean_image: the mean image is subtracted and the range stays
        0..255, as the courses do. none: pixels are scaled to 0..1.
        """
        if kind == "none":
            return cls(np.zeros(3), np.full(3, 255.0))
        if kind == "mean_image":
            return cls(_sums(images)[0] / len(images), np.ones(3))
        total, squares = (sums.sum(axis=(1, 2)) / (images.size / 3) for sums in _sums(images))
        deviation = np.sqrt(squares - total**2)
        return cls(total, np.where(deviation > 0, deviation, 1.0))

    def apply(self, images: Array, dtype: DTypeLike = np.float32) -> Array:
        """Return normalised images of dtype (N, 3, 32, 32), C-contiguous; computed as x * scale + shift."""
        scale = (1 / self.std).astype(dtype)[:, None, None]
        shift = (-(self.mean.T / self.std).T).astype(dtype).reshape(3, *(self.mean.shape[1:] or (1, 1)))
        normalized: Array = np.multiply(images, scale, dtype=dtype)
        normalized += shift
        return normalized


def _sums(images: Array) -> tuple[Array, Array]:
    """Sum and sum of squares over the images, float64 (3, 32, 32): integers below 2**53, so exact in any order."""
    total, squares = np.zeros(images.shape[1:]), np.zeros(images.shape[1:])
    for start in range(0, len(images), _CHUNK):
        chunk = images[start : start + _CHUNK].astype(np.float64)
        total += chunk.sum(axis=0)
        squares += np.einsum("nchw,nchw->chw", chunk, chunk)
    return total, squares
