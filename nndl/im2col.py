"""Convolution as a matrix product: every window of every image becomes a column, and back (Jia 2014).

The columns are in the courses' order: the rows of the matrix run over (C, HH, WW), the columns over (H', W', N).
"""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[Any]


def im2col_indices(x: Array, field_height: int, field_width: int, padding: int = 1, stride: int = 1) -> Array:
    """x (N, C, H, W) -> columns (C * field_height * field_width, H' * W' * N)."""
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(x_pad, (field_height, field_width), axis=(2, 3))[:, :, ::stride, ::stride]
    return windows.transpose(1, 4, 5, 2, 3, 0).reshape(x.shape[1] * field_height * field_width, -1)


def col2im_indices(
    cols: Array,
    x_shape: tuple[int, int, int, int],
    field_height: int = 3,
    field_width: int = 3,
    padding: int = 1,
    stride: int = 1,
) -> Array:
    """Add each number of `cols` to the pixel it came from, the transpose of im2col -> (N, C, H, W)."""
    N, C, H, W = x_shape
    H_out = 1 + (H + 2 * padding - field_height) // stride
    W_out = 1 + (W + 2 * padding - field_width) // stride
    windows = cols.reshape(C, field_height, field_width, H_out, W_out, N).transpose(5, 0, 1, 2, 3, 4)
    x_pad = np.zeros((N, C, H + 2 * padding, W + 2 * padding), cols.dtype)
    for i in range(field_height):
        for j in range(field_width):
            rows, columns = slice(i, i + stride * H_out, stride), slice(j, j + stride * W_out, stride)
            x_pad[:, :, rows, columns] += windows[:, :, i, j]
    return x_pad[:, :, padding : padding + H, padding : padding + W]
