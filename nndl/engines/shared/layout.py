"""Images as the engine keeps them: channels last, (N, H, W, C) in memory; channels are the contiguous runs."""

from collections.abc import Callable

import numpy as np

from nndl.engines.shared.workspace import scratch
from nndl.net.types import Array

Blocks = Callable[[int, int], Array]
"""blocks(start, stop): images start to stop of a batch, (stop - start, H, W, C)."""


def channels_last(x: Array) -> Array:
    """View (N, C, H, W), channels last in memory, as (N, H, W, C)."""
    return x.transpose(0, 2, 3, 1)


def channels_first(x: Array) -> Array:
    """View (N, H, W, C) as (N, C, H, W)."""
    return x.transpose(0, 3, 1, 2)


KERNEL_ORDER = (2, 3, 1, 0)
"""The axes of filters (F, C, K, K), from slowest to fastest in memory."""


def kernel_order(w: Array) -> Array:
    """View filters (F, C, K, K) as (K, K, C, F), as they lie in memory."""
    return w.transpose(KERNEL_ORDER)


def padded(x: Array, pad: tuple[int, int], height: int, width: int) -> Array:
    """Pad x (N, H, W, C) by zeros above and left, and as many below and right as make it height x width; scratch.

    Rows and columns that do not fit are left out.
    """
    N, _, _, C = x.shape
    top, left = pad
    inside = x[:, : height - top, : width - left]
    bottom, right = top + inside.shape[1], left + inside.shape[2]
    room = scratch("padded", (N, height, width, C), x.dtype)
    room[:, :top] = 0
    room[:, bottom:] = 0
    room[:, top:bottom, :left] = 0
    room[:, top:bottom, right:] = 0
    room[:, top:bottom, left:right] = inside
    return room


def rows(x: Array) -> Array:
    """View (N, H, W, C) as (N H, W C): with numbers per channel repeated W times (`along`), long runs to compute on."""
    N, H, W, C = x.shape
    return x.reshape(N * H, W * C)


def along(v: Array, width: int) -> Array:
    """Repeat (C,) to (W C,): what a row of pixels is multiplied by, or what is added to it."""
    return np.tile(v, width)


def channel_sums(x: Array, y: Array | None = None) -> Array:
    """Sum x, or x * y, over each channel of a block of images: (N, H, W, C) -> (C,) float64."""
    by_column = rows(x).sum(axis=0) if y is None else np.einsum("ij,ij->j", rows(x), rows(y))
    return by_column.reshape(-1, x.shape[3]).sum(axis=0, dtype=np.float64)


def slices(x: Array) -> Blocks:
    """Return the blocks of an array that is there as a whole."""
    return lambda start, stop: x[start:stop]


CACHE = 1_600_000
"""Bytes of images in a block, so that a few passes over it and their intermediate results stay in the cache."""


def blocks_of(x: Array, start: int, stop: int) -> list[tuple[int, int]]:
    """Cut start to stop of a batch into blocks of images that stay in the cache."""
    size = max(1, CACHE // max(1, x[:1].nbytes))
    return [(at, min(at + size, stop)) for at in range(start, stop, size)]
