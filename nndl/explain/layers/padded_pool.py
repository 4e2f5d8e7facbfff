"""Pooling over windows that reach beyond the image, explained: max_pool and avg_pool with pad, or sides that differ."""

from typing import Any

from nndl.conv_layers import (
    avg_pool_backward_naive,
    avg_pool_forward_naive,
    max_pool_backward_naive,
    max_pool_forward_naive,
)
from nndl.explain.layers.pool import CS231N
from nndl.explain.record import Explanation, Given, Step, Values, pair
from nndl.net.catalog.pool import AvgPool, MaxPool

GIVEN = (
    Given("x", "N C H W", "a batch of images", [[[[1, 3, 2], [4, 2, -1], [0, -5, 7], [2, 2, 3]]]]),
    Given("dout", "N C H_out W_out", "the gradient of the loss by out", [[[[1, -1], [0.5, 2]]]]),
)
INDICES = {"n": "N", "c": "C", "i": "H_out", "j": "W_out", "u": "T", "v": "R", "h": "H", "k": "W"}
CONSTANTS = {"T": 3, "R": 2, "s": 2, "t": 2, "p": 1, "m": 1}
TESTS = (
    {"N": 2, "C": 3, "H": 6, "W": 4, "T": 2, "R": 2, "s": 2, "t": 2, "p": 1, "m": 1},
    {"N": 2, "C": 2, "H": 7, "W": 8, "T": 3, "R": 4, "s": 2, "t": 1, "p": 1, "m": 2},
    {"N": 1, "C": 2, "H": 5, "W": 6, "T": 2, "R": 3, "s": 1, "t": 3, "p": 0, "m": 1},
    {"N": 1, "C": 1, "H": 2, "W": 1, "T": 5, "R": 2, "s": 3, "t": 1, "p": 2, "m": 1},
)


def sizes(v: Values) -> dict[str, int]:
    """Return how many windows fit."""
    return {
        "H_out": 1 + (v["H"] + 2 * v["p"] - v["T"]) // v["s"],
        "W_out": 1 + (v["W"] + 2 * v["m"] - v["R"]) // v["t"],
    }


def arguments(values: Values) -> tuple[dict[str, Any]]:
    """Return the pool_param of our functions."""
    T, R, s, t, p, m = (int(values[name]) for name in CONSTANTS)
    return ({"pool_height": T, "pool_width": R, "stride": (s, t), "pad": (p, m)},)


def options(layer: MaxPool | AvgPool) -> dict[str, Any]:
    """Return the constants of a layer."""
    window = layer.window
    return dict(zip(CONSTANTS, (*window.size, *window.stride, *window.pad), strict=True))


PADDED_MAX_POOL = Explanation(
    name="padded_max_pool",
    title="Max pooling with padding",
    summary=(
        "Of every window of T x R pixels the largest number remains, channel by channel. Windows are s pixels apart "
        "down and t across, and reach up to p and m pixels beyond the image, where nothing counts."
    ),
    config="- max_pool: {size: [3, 2], stride: 2, pad: 1}",
    given=GIVEN,
    indices=INDICES,
    constants=CONSTANTS,
    sizes=sizes,
    options=options,
    forward=(
        Step(
            "row[i,u] = min(max(s*i+u-p, 0), H-1)",
            "row = s * np.arange(H_out)[:, None] + np.arange(T) - p\nrow = np.clip(row, 0, H - 1)",
            "Window (i, j) begins at row s i − p. A place beyond the image is drawn back to its edge, to a pixel that "
            "the window holds anyway: a number seen twice changes no maximum.",
        ),
        Step(
            "column[j,v] = min(max(t*j+v-m, 0), W-1)",
            "column = t * np.arange(W_out)[:, None] + np.arange(R) - m\ncolumn = np.clip(column, 0, W - 1)",
            "The same across.",
        ),
        Step(
            "out[n,c,i,j] = max[u,v](x[n,c,row[i,u],column[j,v]])",
            "windows = x[:, :, row[:, None, :, None], column[:, None, :]]\nout = windows.max(axis=(4, 5))",
            "windows has the shape (N, C, H', W', T, R); the maximum is taken over the last two.",
        ),
        Step(
            "q[n,c,i,j] = argmax[u,v](x[n,c,row[i,u],column[j,v]])",
            "q = windows.reshape(N, C, H_out, W_out, T * R).argmax(axis=4)",
            "The place of that number in its window, counted row by row: u = ⌊q / R⌋, v = q mod R. Of several that are "
            "equal, the first.",
        ),
    ),
    backward=(
        Step(
            "dx[n,c,h,k] = sum[i,j](dout[n,c,i,j] * [h == row[i,q[n,c,i,j]//R]] * [k == column[j,q[n,c,i,j]%R]])",
            "dx = np.zeros_like(x)\n"
            "for n, c, i, j in np.ndindex(dout.shape):\n"
            "    u, v = divmod(q[n, c, i, j], R)\n"
            "    dx[n, c, row[i, u], column[j, v]] += dout[n, c, i, j]",
            "Each gradient goes whole to the pixel that was the largest, and a pixel that is the largest of several "
            "windows gets the sum of theirs (+=). None is lost beyond the edge.",
        ),
    ),
    own=pair(max_pool_forward_naive, max_pool_backward_naive, arguments),
    functions=(max_pool_forward_naive, max_pool_backward_naive),
    tests=TESTS,
    notes=(
        "Padding with zeros is another thing: where all numbers of a window are below zero, a zero would win.",
        "pad is at most half the window, so that every window holds a pixel.",
    ),
    sources=(CS231N,),
    form_of="max_pool",
    aliases=("max_pool_with_padding",),
)

PADDED_AVG_POOL = Explanation(
    name="padded_avg_pool",
    title="Average pooling with padding",
    summary=(
        "Every window of T x R pixels becomes the mean of the pixels of the image that it holds, channel by channel. "
        "Windows are s pixels apart down and t across, and reach up to p and m pixels beyond the image."
    ),
    config="- avg_pool: {size: [3, 2], stride: 2, pad: 1}",
    given=GIVEN,
    indices=INDICES,
    constants=CONSTANTS,
    sizes=sizes,
    options=options,
    forward=(
        Step(
            "area[i,j] = (min(s*i+T-p,H) - max(s*i-p,0)) * (min(t*j+R-m,W) - max(t*j-m,0))",
            "rows, columns = s * np.arange(H_out) - p, t * np.arange(W_out) - m\n"
            "height = np.minimum(rows + T, H) - np.maximum(rows, 0)\n"
            "width = np.minimum(columns + R, W) - np.maximum(columns, 0)\n"
            "area = height[:, None] * width",
            "The rows and columns of the image in window (i, j): at the edges fewer than T and R.",
        ),
        Step(
            "out[n,c,i,j] = sum[u,v](x[n,c,s*i+u-p,t*j+v-m]) / area[i,j]",
            "x_pad = np.pad(x, ((0, 0), (0, 0), (p, p), (m, m)))\n"
            "windows = np.lib.stride_tricks.sliding_window_view(\n"
            "    x_pad, (T, R), axis=(2, 3))[:, :, ::s, ::t]\n"
            "out = windows.sum(axis=(4, 5)) / area",
            "Zeros beyond the edges add nothing to the sum, and the area does not count them.",
        ),
    ),
    backward=(
        Step(
            "dx[n,c,h,k] = sum[i,j,u,v](dout[n,c,i,j] / area[i,j] * [h == s*i+u-p] * [k == t*j+v-m])",
            "dx_pad = np.zeros_like(x_pad)\n"
            "for u in range(T):\n"
            "    for v in range(R):\n"
            "        rows = slice(u, u + s * (H_out - 1) + 1, s)\n"
            "        columns = slice(v, v + t * (W_out - 1) + 1, t)\n"
            "        dx_pad[:, :, rows, columns] += dout / area\n"
            "dx = dx_pad[:, :, p : p + H, m : m + W]",
            "Each pixel of a window adds 1/area of itself to the mean, so it gets 1/area of the gradient. A pixel in "
            "several windows gets the sum.",
        ),
    ),
    own=pair(avg_pool_forward_naive, avg_pool_backward_naive, arguments),
    functions=(avg_pool_forward_naive, avg_pool_backward_naive),
    tests=TESTS,
    notes=(
        "PyTorch's avg_pool2d divides by T R at the edges too (count_include_pad=True), which darkens them; Keras and "
        "ONNX, by default, divide as here.",
    ),
    sources=(CS231N,),
    form_of="avg_pool",
    aliases=("avg_pool_with_padding",),
)
