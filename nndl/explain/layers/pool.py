"""Pooling over windows, explained: max_pool and avg_pool."""

from nndl.conv_layers import (
    avg_pool_backward_naive,
    avg_pool_forward_naive,
    max_pool_backward_naive,
    max_pool_forward_naive,
)
from nndl.explain.record import Explanation, Given, Source, Step, Values, pair

GIVEN = (
    Given("x", "N C H W", "a batch of images", [[[[1, 3, 2, 0], [4, 2, 1, 5], [0, 1, 7, 2], [2, 2, 3, 6]]]]),
    Given("dout", "N C H_out W_out", "the gradient of the loss by out", [[[[1, -1], [0.5, 2]]]]),
)
INDICES = {"n": "N", "c": "C", "i": "H_out", "j": "W_out", "u": "T", "v": "T", "h": "H", "k": "W"}
TESTS = (
    {"N": 2, "C": 3, "H": 6, "W": 4, "T": 2, "s": 2},
    {"N": 2, "C": 2, "H": 7, "W": 8, "T": 3, "s": 2},
    {"N": 1, "C": 2, "H": 5, "W": 6, "T": 2, "s": 1},
    {"N": 1, "C": 1, "H": 7, "W": 5, "T": 2, "s": 3},
)
CS231N = Source("CS231n, Convolutional Networks: pooling", "https://cs231n.github.io/convolutional-networks/#pool")


def sizes(values: Values) -> dict[str, int]:
    """Return how many windows fit."""
    return {f"{each}_out": 1 + (values[each] - values["T"]) // values["s"] for each in "HW"}


def arguments(values: Values) -> tuple[dict[str, int]]:
    """Return the courses' pool_param."""
    size = int(values["T"])
    return ({"pool_height": size, "pool_width": size, "stride": int(values["s"])},)


MAX_POOL = Explanation(
    name="max_pool",
    title="Max pooling",
    summary=(
        "Of every window of T x T pixels the largest number remains, channel by channel. Windows are s pixels apart; "
        "those that do not fit are left out."
    ),
    config="- max_pool: {size: 2, stride: 2}",
    given=GIVEN,
    indices=INDICES,
    constants={"T": 2, "s": 2},
    sizes=sizes,
    options=lambda layer: {"T": layer.window.size[0], "s": layer.window.stride[0]},
    forward=(
        Step(
            "out[n,c,i,j] = max[u,v](x[n,c,s*i+u,s*j+v])",
            "windows = np.lib.stride_tricks.sliding_window_view(\n"
            "    x, (T, T), axis=(2, 3))[:, :, ::s, ::s]\n"
            "out = windows.max(axis=(4, 5))",
            "windows has the shape (N, C, H', W', T, T); the maximum is taken over the last two.",
        ),
        Step(
            "q[n,c,i,j] = argmax[u,v](x[n,c,s*i+u,s*j+v])",
            "q = windows.reshape(N, C, H_out, W_out, T * T).argmax(axis=4)",
            "The place of that number in its window, counted row by row: u = ⌊q / T⌋, v = q mod T. Of several that are "
            "equal, the first.",
        ),
    ),
    backward=(
        Step(
            "dx[n,c,h,k] = sum[i,j](dout[n,c,i,j] * [h == s*i+q[n,c,i,j]//T] * [k == s*j+q[n,c,i,j]%T])",
            "dx = np.zeros_like(x)\n"
            "for n, c, i, j in np.ndindex(dout.shape):\n"
            "    u, v = divmod(q[n, c, i, j], T)\n"
            "    dx[n, c, s * i + u, s * j + v] += dout[n, c, i, j]",
            "A small change of the largest number changes out by as much; a small change of any other changes "
            "nothing. So each gradient goes to one pixel whole. A pixel that is the largest of several windows that "
            "overlap gets the sum of their gradients (+=).",
        ),
    ),
    own=pair(max_pool_forward_naive, max_pool_backward_naive, arguments),
    functions=(max_pool_forward_naive, max_pool_backward_naive),
    tests=TESTS,
    notes=(
        "dx = dout * (window == window.max()) gives the gradient to every one of several equal numbers, which counts "
        "it more than once. After a ReLU whole windows are 0, so this happens often.",
        "The output's height is 1 + (H − T) // s; H // T is right only where s = T.",
    ),
    sources=(CS231N,),
    aliases=("maxpool", "max_pooling", "maxpool2d"),
)

AVG_POOL = Explanation(
    name="avg_pool",
    title="Average pooling",
    summary="Every window of T x T pixels becomes its mean, channel by channel. Windows are s pixels apart.",
    config="- avg_pool: {size: 2, stride: 2}",
    given=GIVEN,
    indices=INDICES,
    constants={"T": 2, "s": 2},
    sizes=sizes,
    options=lambda layer: {"T": layer.window.size[0], "s": layer.window.stride[0]},
    forward=(
        Step(
            "out[n,c,i,j] = 1 / T ** 2 * sum[u,v](x[n,c,s*i+u,s*j+v])",
            "windows = np.lib.stride_tricks.sliding_window_view(\n"
            "    x, (T, T), axis=(2, 3))[:, :, ::s, ::s]\n"
            "out = windows.mean(axis=(4, 5))",
            "windows has the shape (N, C, H', W', T, T); the mean is taken over the last two.",
        ),
    ),
    backward=(
        Step(
            "dx[n,c,h,k] = 1 / T ** 2 * sum[i,j,u,v](dout[n,c,i,j] * [h == s*i+u] * [k == s*j+v])",
            "dx = np.zeros_like(x)\n"
            "for u in range(T):\n"
            "    for v in range(T):\n"
            "        rows, columns = s * H_out, s * W_out\n"
            "        dx[:, :, u : u + rows : s, v : v + columns : s] += dout / T**2",
            "Each pixel of a window adds 1/T² of itself to the mean, so it gets 1/T² of the gradient. A pixel in "
            "several windows gets the sum.",
        ),
    ),
    own=pair(avg_pool_forward_naive, avg_pool_backward_naive, arguments),
    functions=(avg_pool_forward_naive, avg_pool_backward_naive),
    tests=TESTS,
    notes=("A window shares its gradient: the sum over its pixels is dout, not T² times that.",),
    sources=(CS231N,),
    aliases=("avgpool", "average_pool", "average_pooling", "avgpool2d"),
)
