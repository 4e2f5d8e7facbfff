"""Pooling over a block of images, window place by window place: a pass over the whole block for each.

Windows that reach beyond an image are taken of a larger one. For the maximum its edge is repeated outwards: a number
seen twice changes no maximum, and the gradient of the first copy goes to the pixel it is of. For the mean it is zeros,
which the sum is not divided by.
"""

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np

from nndl.engines.shared.layout import padded
from nndl.engines.shared.workspace import scratch
from nndl.net.types import Array
from nndl.net.window import Window


def index_dtype(window: Window) -> type:
    """Return the type that numbers the places of a window."""
    return np.uint8 if prod(window.size) <= 256 else np.uint16


def _places(x: Array, pooled: tuple[int, ...], window: Window) -> Iterator[tuple[int, Array]]:
    """Yield each place of the window, in row-major order: its number, and what stands there in every window of x."""
    _, height, width, _ = pooled
    (_, columns), (down, across) = window.size, window.stride
    for i, j in product(*map(range, window.size)):
        rows = slice(i, i + (height - 1) * down + 1, down)
        yield i * columns + j, x[:, rows, j : j + (width - 1) * across + 1 : across]


def max_pool(x: Array, window: Window, out: Array, index: Array | None) -> None:
    """Write the largest of each window of x (N, H, W, C) to out, or NaN, and to index where it stands first."""
    x = _with_edges(x, window)
    (place, best), *others = _places(x, out.shape, window)
    if index is not None:
        index[...] = place
    for place, values in others:
        if index is not None:
            larger = np.greater(values, best, out=scratch("larger", out.shape, np.bool_))
            numbers = larger.view(np.uint8) if index.dtype == np.uint8 else larger
            # Places come in rising order, so the largest place that beat all before it is the first maximum.
            beaten = np.multiply(numbers, index.dtype.type(place), out=scratch("beaten", out.shape, index.dtype))
            np.maximum(index, beaten, out=index)
        best = np.maximum(best, values, out=out)
    if best is not out:
        out[...] = best
    if index is not None and np.isnan(out.min(initial=np.inf)):  # no number is larger than NaN
        for place, values in reversed(list(_places(x, out.shape, window))):
            index[np.isnan(values)] = place


def max_unpool(dout: Array, index: Array, window: Window, dx: Array) -> None:
    """Write every dout to the place in dx of its window that index names; where windows overlap they add up."""
    room = _room(dx, window)
    overlap = _overlap(window)
    if overlap or not _covers(room, dout.shape, window):
        room[...] = 0
    for place, there in _places(room, dout.shape, window):
        here = np.equal(index, place, out=scratch("here", index.shape, np.bool_))
        if overlap:
            np.add(there, np.multiply(dout, here, out=scratch("moved", dout.shape, dout.dtype)), out=there)
        else:
            np.multiply(dout, here, out=there)
    if room is not dx:
        _fold_edges(room, window)
        dx[...] = _inside(room, window, dx.shape)


def avg_pool(x: Array, window: Window, out: Array) -> None:
    """Write the mean of each window of x to out."""
    height, width = x.shape[1:3]
    x = padded(x, window.pad, *_sides(x, window)) if any(window.pad) else x
    for place, values in _places(x, out.shape, window):
        if place == 0:
            out[...] = values
        else:
            np.add(out, values, out=out)
    np.multiply(out, shares(window, height, width, out), out=out)


def avg_unpool(dout: Array, window: Window, dx: Array) -> None:
    """Share every dout equally out to its window in dx."""
    _, height, width, _ = dx.shape
    moved = np.multiply(dout, shares(window, height, width, dout), out=scratch("moved", dout.shape, dout.dtype))
    room = _room(dx, window)
    overlap = _overlap(window)
    if overlap or not _covers(room, dout.shape, window):
        room[...] = 0
    for _, there in _places(room, dout.shape, window):
        if overlap:
            np.add(there, moved, out=there)
        else:
            there[...] = moved
    if room is not dx:
        dx[...] = _inside(room, window, dx.shape)


def shares(window: Window, height: int, width: int, pooled: Array) -> Any:
    """Return 1 over the pixels of an image (height, width) that a window holds: a number, or one for each window."""
    if not any(window.pad):
        return 1 / prod(window.size)
    counts = []
    for way, side in enumerate((height, width)):
        start = np.arange(pooled.shape[1 + way]) * window.stride[way] - window.pad[way]
        counts.append(np.minimum(start + window.size[way], side) - np.maximum(start, 0))
    return (1 / np.outer(*counts)).astype(pooled.dtype)[:, :, np.newaxis]


def _overlap(window: Window) -> bool:
    """Tell whether a pixel may stand in several windows."""
    return any(stride < size for stride, size in zip(window.stride, window.size, strict=True))


def _covers(x: Array, pooled: tuple[int, ...], window: Window) -> bool:
    """Tell whether every pixel stands in a window."""
    (height, width), size = pooled[1:3], window.size
    return window.stride == size and x.shape[1:3] == (height * size[0], width * size[1])


def _sides(x: Array, window: Window) -> tuple[int, int]:
    """Return the height and width of padded images."""
    return x.shape[1] + 2 * window.pad[0], x.shape[2] + 2 * window.pad[1]


def _inside(room: Array, window: Window, shape: tuple[int, ...]) -> Array:
    """View padded images without the padding."""
    (top, left), (_, H, W, _) = window.pad, shape
    return room[:, top : top + H, left : left + W]


def _room(dx: Array, window: Window) -> Array:
    """Return dx itself, or room for it and its padding."""
    if not any(window.pad):
        return dx
    return scratch("padded", (len(dx), *_sides(dx, window), dx.shape[3]), dx.dtype)


def _with_edges(x: Array, window: Window) -> Array:
    """Return x, or in room of its own x with its outermost pixels repeated as far as windows reach."""
    room = _room(x, window)
    if room is x:
        return x
    top, left = window.pad
    _inside(room, window, x.shape)[...] = x
    bottom, right = top + x.shape[1], left + x.shape[2]
    room[:, top:bottom, :left] = room[:, top:bottom, left : left + 1]
    room[:, top:bottom, right:] = room[:, top:bottom, right - 1 : right]
    room[:, :top] = room[:, top : top + 1]
    room[:, bottom:] = room[:, bottom - 1 : bottom]
    return room


def _fold_edges(room: Array, window: Window) -> None:
    """Add what stands in the padding to the outermost pixels, of which it is a copy."""
    (top, left), (_, H, W, _) = window.pad, room.shape
    room[:, top] += room[:, :top].sum(axis=1)
    room[:, H - top - 1] += room[:, H - top :].sum(axis=1)
    room[:, :, left] += room[:, :, :left].sum(axis=2)
    room[:, :, W - left - 1] += room[:, :, W - left :].sum(axis=2)
