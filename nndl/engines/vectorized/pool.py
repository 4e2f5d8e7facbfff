"""Pooling over a block of images, window place by window place: size * size passes over whole blocks."""

from collections.abc import Iterator

import numpy as np

from nndl.engines.shared.workspace import scratch
from nndl.net.types import Array


def index_dtype(size: int) -> type:
    """Return the type that numbers the places of a window."""
    return np.uint8 if size <= 16 else np.uint16


def _places(x: Array, pooled: tuple[int, ...], size: int, stride: int) -> Iterator[tuple[int, Array]]:
    """Yield each place of the window, in row-major order: its number, and what stands there in every window of x."""
    _, height, width, _ = pooled
    for i in range(size):
        for j in range(size):
            down = slice(i, i + (height - 1) * stride + 1, stride)
            across = slice(j, j + (width - 1) * stride + 1, stride)
            yield i * size + j, x[:, down, across]


def max_pool(x: Array, size: int, stride: int, out: Array, index: Array | None) -> None:
    """Write the largest of each window of x (N, H, W, C) to out, or NaN, and to index where it stands first."""
    if index is not None:
        index[...] = 0
    for place, values in _places(x, out.shape, size, stride):
        if place == 0:
            out[...] = values
            continue
        if index is not None:
            larger = np.greater(values, out, out=scratch("larger", out.shape, np.bool_))
            # Places come in rising order, so the largest place that beat all before it is the first maximum.
            beaten = np.multiply(larger, index.dtype.type(place), out=scratch("beaten", out.shape, index.dtype))
            np.maximum(index, beaten, out=index)
        np.maximum(out, values, out=out)
    if index is not None and np.isnan(out.min(initial=np.inf)):  # no number is larger than NaN
        for place, values in reversed(list(_places(x, out.shape, size, stride))):
            index[np.isnan(values)] = place


def max_unpool(dout: Array, index: Array, size: int, stride: int, dx: Array) -> None:
    """Write every dout to the place in dx of its window that index names; where windows overlap they add up."""
    overlap = stride < size
    if overlap or not _covers(dx, dout.shape, size, stride):
        dx[...] = 0
    for place, there in _places(dx, dout.shape, size, stride):
        here = np.equal(index, place, out=scratch("here", index.shape, np.bool_))
        if overlap:
            np.add(there, np.multiply(dout, here, out=scratch("moved", dout.shape, dout.dtype)), out=there)
        else:
            np.multiply(dout, here, out=there)


def avg_pool(x: Array, size: int, stride: int, out: Array) -> None:
    """Write the mean of each window of x to out."""
    for place, values in _places(x, out.shape, size, stride):
        if place == 0:
            out[...] = values
        else:
            np.add(out, values, out=out)
    np.multiply(out, 1 / size**2, out=out)


def avg_unpool(dout: Array, size: int, stride: int, dx: Array) -> None:
    """Share every dout equally out to its window in dx."""
    shares = np.multiply(dout, 1 / size**2, out=scratch("moved", dout.shape, dout.dtype))
    overlap = stride < size
    if overlap or not _covers(dx, dout.shape, size, stride):
        dx[...] = 0
    for _, there in _places(dx, dout.shape, size, stride):
        if overlap:
            np.add(there, shares, out=there)
        else:
            there[...] = shares


def _covers(x: Array, pooled: tuple[int, ...], size: int, stride: int) -> bool:
    """Tell whether every pixel stands in a window."""
    return stride == size and x.shape[1:3] == (pooled[1] * size, pooled[2] * size)
