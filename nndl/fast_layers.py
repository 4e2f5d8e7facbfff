"""Convolution and max pooling without loops over images or pixels: what the courses compile, in NumPy.

The same functions as conv_*_naive and max_pool_*_naive of nndl.conv_layers, to which tests hold them. Convolution is
one matrix product of the filters with all windows (Chellapilla et al. 2006); pooling compares shifted images.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nndl.layers import as_floats

Array = NDArray[Any]

WINDOW_BYTES = 2**26
"""Memory for the windows of the images that are copied out at a time, about."""


def conv_forward_fast(x: Array, w: Array, b: Array | None, conv_param: dict[str, Any]) -> tuple[Array, Any]:
    """conv_forward_naive, fast.  x (N, C, H, W), w (F, C, HH, WW), b (F,) or None -> out (N, F, H', W')."""
    x, w, b = as_floats(x), as_floats(w, "w"), None if b is None else as_floats(b, "b")
    x_pad = _padded(x, w, conv_param)
    parts = [np.tensordot(windows, w, axes=([1, 4, 5], [1, 2, 3])) for windows in _windows(x_pad, w, conv_param)]
    out = np.concatenate(parts)  # (N, H', W', F)
    if b is not None:
        out += b
    return out.transpose(0, 3, 1, 2), (x, w, b, conv_param)


def conv_backward_fast(dout: Array, cache: Any) -> tuple[Array, Array, Array | None]:
    """conv_backward_naive, fast.  dout (N, F, H', W') -> dx (N, C, H, W), dw (F, C, HH, WW), db (F,) or None."""
    dout = as_floats(dout, "dout")
    x, w, b, conv_param = cache
    x_pad = _padded(x, w, conv_param)
    dw, dx_parts, first = np.zeros_like(w), [], 0
    for windows in _windows(x_pad, w, conv_param):
        dout_part = dout[first : first + len(windows)]
        dw += np.tensordot(dout_part, windows, axes=([0, 2, 3], [0, 2, 3]))
        dx_parts.append(_gradient_by_pixel(dout_part, x_pad.shape, w, conv_param["stride"]))
        first += len(windows)
    pad, (H, W) = conv_param["pad"], x.shape[2:]
    dx = np.concatenate(dx_parts)[:, :, pad : pad + H, pad : pad + W]
    db = None if b is None else dout.sum(axis=(0, 2, 3))
    return dx, dw, db


def _gradient_by_pixel(dout: Array, padded_shape: tuple[int, ...], w: Array, stride: int) -> Array:
    """Sum for each pixel of the padded images the gradients of all windows it stands in -> (n, C, H + 2p, W + 2p)."""
    _, C, HH, WW = w.shape
    n, _, H_out, W_out = dout.shape
    dwindows = np.tensordot(w, dout, axes=([0], [1]))  # (C, HH, WW, n, H', W')
    dx_pad = np.zeros((C, n, *padded_shape[2:]), dout.dtype)
    for i in range(HH):
        for j in range(WW):
            rows, columns = slice(i, i + stride * H_out, stride), slice(j, j + stride * W_out, stride)
            dx_pad[:, :, rows, columns] += dwindows[:, i, j]
    return dx_pad.transpose(1, 0, 2, 3)


def _padded(x: Array, w: Array, conv_param: dict[str, Any]) -> Array:
    pad, (HH, WW) = conv_param["pad"], w.shape[2:]
    H, W = x.shape[2] + 2 * pad, x.shape[3] + 2 * pad
    if HH > H or WW > W:
        raise ValueError(f"a filter of {HH} x {WW} does not fit into {H} x {W} pixels (padding included)")
    return np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))


def _windows(x_pad: Array, w: Array, conv_param: dict[str, Any]) -> Iterator[Array]:
    """Yield views (n, C, H', W', HH, WW) of all windows of n images at a time."""
    stride = conv_param["stride"]
    views = sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    bytes_per_image = max(views[:1].size * views.itemsize, 1)
    images = max(WINDOW_BYTES // bytes_per_image, 1)
    for first in range(0, len(views), images):
        yield views[first : first + images]


def max_pool_forward_fast(x: Array, pool_param: dict[str, Any]) -> tuple[Array, Any]:
    """max_pool_forward_naive, fast, overlapping windows included.  x (N, C, H, W) -> out (N, C, H', W')."""
    x = as_floats(x)
    first, *others = _shifts(x, pool_param)
    out = x[first].copy()
    for shift in others:
        np.maximum(out, x[shift], out=out)
    return out, (x, out, pool_param)


def max_pool_backward_fast(dout: Array, cache: Any) -> Array:
    """max_pool_backward_naive, fast: the first maximum of a window, in row-major order, takes its gradient."""
    dout = as_floats(dout, "dout")
    x, out, pool_param = cache
    dx, waiting = np.zeros_like(x), np.ones(out.shape, bool)
    for shift in _shifts(x, pool_param):
        takes = waiting & (x[shift] == out)
        dx[shift] += dout * takes
        waiting &= ~takes
    return dx


def _shifts(x: Array, pool_param: dict[str, Any]) -> list[tuple[slice, ...]]:
    """Yield for each place in a window, row by row, the pixels of x that stand there, in all windows at once."""
    height, width, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    if np.any(pool_param.get("pad", 0)) or not isinstance(stride, int | np.integer):
        raise ValueError("padding, and another stride down than across, are max_pool_forward_naive's; this has neither")
    H, W = x.shape[2:]
    if height > H or width > W:
        raise ValueError(f"a window of {height} x {width} does not fit into {H} x {W} pixels")
    whole, last_row, last_column = slice(None), H - height, W - width
    return [
        (whole, whole, slice(i, last_row + i + 1, stride), slice(j, last_column + j + 1, stride))
        for i in range(height)
        for j in range(width)
    ]
