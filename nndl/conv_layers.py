"""The definitions: layers on images, each a forward/backward pair of plain NumPy with the loops written out.

Images are (N, C, H, W). Windows that do not fit at the right and bottom edges are left out: sizes are rounded down.
The notation is the courses' (Stanford CS231n; UCLA ECE C147/C247). Nothing here changes its inputs, and results have
the dtype of x: float64 where x holds whole numbers.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.layers import (
    as_floats,
    back_in_ghost_batches,
    batchnorm_backward,
    batchnorm_forward,
    in_ghost_batches,
    layernorm_backward,
    layernorm_forward,
)

Array = NDArray[Any]


# Convolution --------------------------------------------------------------------------------------------------------


def _pad(x: Array, pad: int) -> Array:
    return np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))


def conv_forward_naive(x: Array, w: Array, b: Array | None, conv_param: dict[str, Any]) -> tuple[Array, Any]:
    """Each filter is laid over each window: out[n, f, i, j] = sum(window * w[f]) + b[f].

    x (N, C, H, W), w (F, C, HH, WW), b (F,) or None -> out (N, F, H', W') with H' = 1 + (H + 2 pad - HH) // stride.
    conv_param: stride, pad (zeros on every side). Raises ValueError when a filter is larger than the padded image.
    """
    x, w, b = as_floats(x), as_floats(w, "w"), None if b is None else as_floats(b, "b")
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, _, H, W = x.shape
    F, _, HH, WW = w.shape
    H_out, W_out = _out_size(H, HH, stride, pad), _out_size(W, WW, stride, pad)
    x_pad = _pad(x, pad)
    out = np.zeros((N, F, H_out, W_out), x.dtype)
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    window = x_pad[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
                    out[n, f, i, j] = np.sum(window * w[f])
    if b is not None:
        out += b[:, np.newaxis, np.newaxis]
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout: Array, cache: Any) -> tuple[Array, Array, Array | None]:
    """dout (N, F, H', W') -> dx (N, C, H, W), dw (F, C, HH, WW), db (F,) (None without b).

    out[n, f, i, j] is linear in its window and in w[f]: each is the other's derivative.
    """
    dout = as_floats(dout, "dout")
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    _, _, H, W = x.shape
    _, _, HH, WW = w.shape
    N, F, H_out, W_out = dout.shape
    x_pad = _pad(x, pad)
    dx_pad, dw = np.zeros_like(x_pad), np.zeros_like(w)
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    rows, columns = slice(i * stride, i * stride + HH), slice(j * stride, j * stride + WW)
                    dw[f] += dout[n, f, i, j] * x_pad[n, :, rows, columns]
                    dx_pad[n, :, rows, columns] += dout[n, f, i, j] * w[f]
    dx = dx_pad[:, :, pad : pad + H, pad : pad + W]
    db = None if b is None else dout.sum(axis=(0, 2, 3))
    return dx, dw, db


def _out_size(size: int, window: int, stride: int, pad: int) -> int:
    """Count the windows that fit side by side; raises ValueError when none does."""
    if size + 2 * pad < window:
        raise ValueError(f"a window of {window} does not fit into {size} pixels padded by {pad} on each side")
    return 1 + (size + 2 * pad - window) // stride


# Pooling ------------------------------------------------------------------------------------------------------------


def _windows(x: Array, pool_param: dict[str, Any]) -> Iterator[tuple[int, int, slice, slice]]:
    """The place in the output, and the rows and columns of x, of every pooling window: of a padded one, those there."""
    height, width = pool_param["pool_height"], pool_param["pool_width"]
    down, across = np.broadcast_to(pool_param["stride"], 2)
    top, left = np.broadcast_to(pool_param.get("pad", 0), 2)
    if 2 * top > height or 2 * left > width:
        raise ValueError(f"padding of {top} and {left} is more than half of a window of {height} x {width}")
    for i in range(_out_size(x.shape[2], height, down, top)):
        for j in range(_out_size(x.shape[3], width, across, left)):
            row, column = i * down - top, j * across - left
            yield i, j, slice(max(row, 0), row + height), slice(max(column, 0), column + width)


def _pooled(x: Array, pool_param: dict[str, Any]) -> Array:
    """Room for the pooled images."""
    *_, (i, j, _, _) = _windows(x, pool_param)
    return np.zeros((*x.shape[:2], i + 1, j + 1), x.dtype)


def max_pool_forward_naive(x: Array, pool_param: dict[str, Any]) -> tuple[Array, Any]:
    """The largest number of each window.  x (N, C, H, W) -> out (N, C, H', W').

    pool_param: pool_height, pool_width, stride, pad [0]: how far windows may reach beyond the image, where nothing
    counts. Of stride and pad, one number or (down, across). Raises ValueError when no window fits.
    """
    x = as_floats(x)
    out = _pooled(x, pool_param)
    for i, j, rows, columns in _windows(x, pool_param):
        out[:, :, i, j] = x[:, :, rows, columns].max(axis=(2, 3))
    return out, (x, pool_param)


def max_pool_backward_naive(dout: Array, cache: Any) -> Array:
    """dout (N, C, H', W') -> dx (N, C, H, W): each gradient goes to the largest number of its window.

    Where several are equal it goes to the first in row-major order: given to all, it would count more than once.
    """
    dout = as_floats(dout, "dout")
    x, pool_param = cache
    N, C = x.shape[:2]
    dx = np.zeros_like(x)
    for i, j, rows, columns in _windows(x, pool_param):
        for n in range(N):
            for c in range(C):
                window = x[n, c, rows, columns]
                first = np.unravel_index(window.argmax(), window.shape)
                dx[n, c, rows, columns][first] += dout[n, c, i, j]
    return dx


def avg_pool_forward_naive(x: Array, pool_param: dict[str, Any]) -> tuple[Array, Any]:
    """The mean of each window.  x (N, C, H, W) -> out (N, C, H', W'); pool_param as for max pooling.

    The mean is over the pixels of the image: padding is no zero that counts, as in Keras and unlike PyTorch's default
    (count_include_pad=False there).
    """
    x = as_floats(x)
    out = _pooled(x, pool_param)
    for i, j, rows, columns in _windows(x, pool_param):
        out[:, :, i, j] = x[:, :, rows, columns].mean(axis=(2, 3))
    return out, (x, pool_param)


def avg_pool_backward_naive(dout: Array, cache: Any) -> Array:
    """dout (N, C, H', W') -> dx (N, C, H, W): each gradient is shared equally by the pixels of its window."""
    dout = as_floats(dout, "dout")
    x, pool_param = cache
    dx = np.zeros_like(x)
    for i, j, rows, columns in _windows(x, pool_param):
        height, width = x[:, :, rows, columns].shape[2:]
        dx[:, :, rows, columns] += dout[:, :, i, j, np.newaxis, np.newaxis] / (height * width)
    return dx


def _whole(x: Array) -> dict[str, int]:
    """The pooling window that covers a whole channel."""
    return {"pool_height": x.shape[2], "pool_width": x.shape[3], "stride": 1}


def global_max_pool_forward(x: Array) -> tuple[Array, Any]:
    """The largest number of each channel.  x (N, C, H, W) -> out (N, C)."""
    out, cache = max_pool_forward_naive(x, _whole(x))
    return out[:, :, 0, 0], cache


def global_max_pool_backward(dout: Array, cache: Any) -> Array:
    """dout (N, C) -> dx (N, C, H, W): to the first largest number in row-major order."""
    return max_pool_backward_naive(dout[:, :, np.newaxis, np.newaxis], cache)


def global_avg_pool_forward(x: Array) -> tuple[Array, Any]:
    """The mean of each channel.  x (N, C, H, W) -> out (N, C)."""
    out, cache = avg_pool_forward_naive(x, _whole(x))
    return out[:, :, 0, 0], cache


def global_avg_pool_backward(dout: Array, cache: Any) -> Array:
    """dout (N, C) -> dx (N, C, H, W)."""
    return avg_pool_backward_naive(dout[:, :, np.newaxis, np.newaxis], cache)


# Normalisation ------------------------------------------------------------------------------------------------------


def _pixels_as_rows(x: Array) -> Array:
    """(N, C, H, W) -> (N H W, C): the channel axis must move to the end before the reshape, or channels mix."""
    return x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])


def _rows_as_pixels(rows: Array, shape: tuple[int, ...]) -> Array:
    """The way back: (N H W, C) -> (N, C, H, W)."""
    N, C, H, W = shape
    return rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)


def spatial_batchnorm_forward(x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]) -> tuple[Array, Any]:
    """Batch normalisation of each channel over the batch, height and width: every pixel counts as an example.

    x (N, C, H, W), gamma (C,), beta (C,) -> out (N, C, H, W). bn_param as for batchnorm_forward.
    """
    if bn_param["mode"] == "train" and bn_param.get("ghost_batch_size"):
        return in_ghost_batches(spatial_batchnorm_forward, x, gamma, beta, bn_param)
    rows, cache = batchnorm_forward(_pixels_as_rows(x), gamma, beta, bn_param)
    return _rows_as_pixels(rows, x.shape), cache


def spatial_batchnorm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dout (N, C, H, W) -> dx (N, C, H, W), dgamma (C,), dbeta (C,)."""
    if isinstance(cache, list):
        return back_in_ghost_batches(spatial_batchnorm_backward, dout, cache)
    rows, dgamma, dbeta = batchnorm_backward(_pixels_as_rows(dout), cache)
    return _rows_as_pixels(rows, dout.shape), dgamma, dbeta


def spatial_groupnorm_forward(
    x: Array, gamma: Array, beta: Array, G: int, gn_param: dict[str, Any]
) -> tuple[Array, Any]:
    """Group normalisation (Wu and He 2018): each example over its G groups of channels.

    x (N, C, H, W), gamma and beta (C,) or the course's (1, C, 1, 1) -> out (N, C, H, W). gn_param: eps [1e-5].
    Raises ValueError when G does not divide C.
    """
    x, gamma, beta = as_floats(x), as_floats(gamma, "gamma"), as_floats(beta, "beta")
    N, C, H, W = x.shape
    if C % G:
        raise ValueError(f"{C} channels do not divide into {G} groups")
    groups = x.reshape(N * G, -1)
    ones, zeros = np.ones(groups.shape[1], x.dtype), np.zeros(groups.shape[1], x.dtype)
    rows, cache = layernorm_forward(groups, ones, zeros, gn_param)
    x_hat = rows.reshape(N, C, H, W)
    out = gamma.reshape(C, 1, 1) * x_hat + beta.reshape(C, 1, 1)
    return out, (x_hat, gamma, beta, cache)


def spatial_groupnorm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dout (N, C, H, W) -> dx (N, C, H, W), dgamma and dbeta in the shapes of gamma and beta."""
    dout = as_floats(dout, "dout")
    x_hat, gamma, beta, rows_cache = cache
    dgamma = (dout * x_hat).sum(axis=(0, 2, 3)).reshape(gamma.shape)
    dbeta = dout.sum(axis=(0, 2, 3)).reshape(beta.shape)
    dx_hat = dout * gamma.reshape(-1, 1, 1)
    groups = len(rows_cache[0])
    dx, _, _ = layernorm_backward(dx_hat.reshape(groups, -1), rows_cache)
    return dx.reshape(dout.shape), dgamma, dbeta
