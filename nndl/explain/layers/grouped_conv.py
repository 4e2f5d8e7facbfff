"""Convolution with all its options, explained: groups, dilation, another step down than across."""

from typing import Any

from nndl.conv2d_layers import conv2d_backward, conv2d_forward
from nndl.explain.record import Explanation, Given, Source, Step, Values, pair
from nndl.net.catalog.conv import Conv

SIZES = ("N", "C", "H", "W", "F", "D", "HH", "WW", *"stpqde")
TESTS = (
    (2, 4, 5, 4, 6, 2, 3, 3, 1, 1, 1, 1, 1, 1),
    (2, 3, 6, 7, 3, 1, 3, 2, 2, 1, 0, 2, 1, 3),
    (1, 2, 7, 5, 2, 2, 2, 3, 1, 3, 1, 1, 2, 2),
    (1, 4, 4, 4, 8, 1, 1, 1, 3, 2, 0, 0, 1, 1),
)


def sizes(v: Values) -> dict[str, int]:
    """Return how many windows fit, the number of groups G, and of filters in each, E."""
    groups = v["C"] // v["D"]
    return {
        "H_out": 1 + (v["H"] + 2 * v["p"] - v["d"] * (v["HH"] - 1) - 1) // v["s"],
        "W_out": 1 + (v["W"] + 2 * v["q"] - v["e"] * (v["WW"] - 1) - 1) // v["t"],
        "G": groups,
        "E": v["F"] // groups,
    }


def conv_param(v: Values) -> dict[str, tuple[int, int]]:
    """Return the param dict of our functions."""
    return {name: (int(v[a]), int(v[b])) for name, a, b in (("stride", *"st"), ("pad", *"pq"), ("dilation", *"de"))}


def options(layer: Conv) -> dict[str, Any]:
    """Return the constants of a layer."""
    window = layer.window
    return dict(zip("stpqde", (*window.stride, *window.pad, *window.dilation), strict=True))


GROUPED_CONV = Explanation(
    name="grouped_conv",
    title="Convolution by groups, dilated, with sides that differ",
    summary=(
        "Channels and filters fall into G groups in their order, and a filter sees the D channels of its group: all at "
        "one group, one channel at as many groups as channels (depthwise). Its numbers stand d pixels apart down, e "
        "across (dilation), windows s and t (stride), and p and q zeros are added on each side (pad)."
    ),
    config="- conv: {filters: 32, kernel: [3, 5], groups: 4, dilation: 2}",
    given=(
        Given("x", "N C H W", "a batch of images", [[[[1, 2, 0, 1], [0, 1, 3, 2]], [[2, -1, 1, 0], [1, 0, 2, -2]]]]),
        Given("w", "F D HH WW", "the filters, each over the channels of its group", [[[[1, -1]]], [[[2, 1]]]]),
        Given("b", "F", "a bias for each filter", [0.5, -1]),
        Given("dout", "N F H_out W_out", "the gradient of the loss by out", [[[[1, -1], [2, 0.5]], [[0, 1], [1, 1]]]]),
    ),
    indices={
        "n": "N",
        "f": "F",
        "c": "D",
        "i": "H_out",
        "j": "W_out",
        "u": "HH",
        "v": "WW",
        "m": "C",
        "h": "H",
        "k": "W",
    },
    constants={"s": 1, "t": 1, "p": 0, "q": 0, "d": 1, "e": 2},
    sizes=sizes,
    forward=(
        Step(
            "out[n,f,i,j] = b[f] + sum[c,u,v](w[f,c,u,v] * x[n,D*(f//E)+c,s*i+d*u-p,t*j+e*v-q])",
            "x_pad = np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)))\n"
            "extent = d * (HH - 1) + 1, e * (WW - 1) + 1\n"
            "windows = np.lib.stride_tricks.sliding_window_view(\n"
            "    x_pad, extent, axis=(2, 3))[:, :, ::s, ::t, ::d, ::e]\n"
            "by_group = windows.reshape(N, G, D, H_out, W_out, HH, WW)\n"
            "filters = w.reshape(G, E, D, HH, WW)\n"
            "grouped = np.einsum('ngcijuv,gfcuv->ngfij', by_group, filters)\n"
            "out = grouped.reshape(N, F, H_out, W_out) + b[:, None, None]",
            "E filters make a group: filter f belongs to group ⌊f / E⌋, whose channels begin at D ⌊f / E⌋. Window "
            "(i, j) begins at row s i − p and column t j − q of the image, and every d-th row and e-th column counts. "
            "With one group, d = e = 1, s = t and p = q it is the usual convolution.",
        ),
    ),
    backward=(
        Step(
            "db[f] = sum[n,i,j](dout[n,f,i,j])",
            "db = dout.sum(axis=(0, 2, 3))",
            "b[f] was added at every place of every image: broadcast forward, a sum backward.",
        ),
        Step(
            "dw[f,c,u,v] = sum[n,i,j](dout[n,f,i,j] * x[n,D*(f//E)+c,s*i+d*u-p,t*j+e*v-q])",
            "g = dout.reshape(N, G, E, H_out, W_out)\n"
            "dw = np.einsum('ngfij,ngcijuv->gfcuv', g, by_group).reshape(w.shape)",
            "w[f,c,u,v] is used at every place (i, j) of every image, each time with the pixel under it as factor. All "
            "those uses are summed.",
        ),
        Step(
            "dx[n,m,h,k] = sum[f,i,j,u,v](dout[n,f,i,j] * w[f,m%D,u,v] * [f//E == m//D] * [h == s*i+d*u-p] "
            "* [k == t*j+e*v-q])",
            "dx_pad = np.zeros_like(x_pad)\n"
            "for u in range(HH):\n"
            "    for v in range(WW):\n"
            "        w_uv = filters[..., u, v]\n"
            "        part = np.einsum('ngfij,gfc->ngcij', g, w_uv)\n"
            "        rows = slice(d * u, d * u + s * (H_out - 1) + 1, s)\n"
            "        columns = slice(e * v, e * v + t * (W_out - 1) + 1, t)\n"
            "        dx_pad[:, :, rows, columns] += part.reshape(N, C, H_out, W_out)\n"
            "dx = dx_pad[:, :, p : p + H, q : q + W]",
            "Channel m is seen by the filters of its own group alone, those with ⌊f / E⌋ = ⌊m / D⌋, as their number "
            "m mod D. Pixel (h, k) stands under w[f,c,u,v] in the windows with h = s i + d u − p and k = t j + e v − "
            "q. Windows overlap, so their gradients are added (+=). At last the padding is cut off.",
        ),
    ),
    own=pair(conv2d_forward, conv2d_backward, lambda v: (v["w"], v["b"], conv_param(v)), ("w", "b")),
    functions=(conv2d_forward, conv2d_backward),
    options=options,
    tests=tuple(dict(zip(SIZES, numbers, strict=True)) for numbers in TESTS),
    notes=(
        "Weights and work are those of one group, 1 / G of the whole: w has F D HH WW numbers, D = C / G.",
        "Nothing mixes the groups: a 1 x 1 convolution behind a depthwise one does that (MobileNet).",
        "A dilated filter sees further for the same work; its window is d (HH − 1) + 1 pixels high.",
        "The fan-in that weights are drawn by is D HH WW, not C HH WW.",
    ),
    sources=(
        Source("Krizhevsky, Sutskever and Hinton, AlexNet (2012): groups", "https://doi.org/10.1145/3065386"),
        Source("Howard et al., MobileNets (2017): depthwise", "https://arxiv.org/abs/1704.04861"),
        Source(
            "Yu and Koltun, Multi-Scale Context Aggregation by Dilated Convolutions (2016)",
            "https://arxiv.org/abs/1511.07122",
        ),
    ),
    form_of="conv",
    aliases=("depthwise", "depthwise_conv", "dilated_conv", "group_conv"),
)
