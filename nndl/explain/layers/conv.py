"""Convolution, explained."""

from nndl.conv_layers import conv_backward_naive, conv_forward_naive
from nndl.explain.record import Explanation, Given, Source, Step, pair

CONV = Explanation(
    name="conv",
    title="Convolution",
    summary=(
        "Every filter is laid over every window of the image: the numbers under it are multiplied and added up, over "
        "all channels. The same filter is used at every place. p zeros are added on each side (pad), and windows are "
        "s pixels apart (stride)."
    ),
    config="- conv: {filters: 32, kernel: 3, stride: 1, pad: same}",
    given=(
        Given("x", "N C H W", "a batch of images", [[[[1, 2, 0], [0, 1, 3], [2, -1, 1]]]]),
        Given("w", "F C HH WW", "the filters", [[[[1, 0], [-1, 2]]]]),
        Given("b", "F", "a bias for each filter", [0.5]),
        Given("dout", "N F H_out W_out", "the gradient of the loss by out", [[[[1, -1], [2, 0.5]]]]),
    ),
    indices={
        "n": "N",
        "f": "F",
        "c": "C",
        "i": "H_out",
        "j": "W_out",
        "u": "HH",
        "v": "WW",
        "h": "H",
        "k": "W",
    },
    constants={"s": 1, "p": 0},
    sizes=lambda v: {
        "H_out": 1 + (v["H"] + 2 * v["p"] - v["HH"]) // v["s"],
        "W_out": 1 + (v["W"] + 2 * v["p"] - v["WW"]) // v["s"],
    },
    forward=(
        Step(
            "out[n,f,i,j] = b[f] + sum[c,u,v](w[f,c,u,v] * x[n,c,s*i+u-p,s*j+v-p])",
            "x_pad = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))\n"
            "windows = np.lib.stride_tricks.sliding_window_view(\n"
            "    x_pad, (HH, WW), axis=(2, 3))[:, :, ::s, ::s]\n"
            "out = np.einsum('ncijuv,fcuv->nfij', windows, w) + b[:, None, None]",
            "Window (i, j) begins at row s i − p and column s j − p of the image; u and v count within it. windows has "
            "the shape (N, C, H', W', HH, WW). b[f] is broadcast over images and places.",
        ),
    ),
    backward=(
        Step(
            "db[f] = sum[n,i,j](dout[n,f,i,j])",
            "db = dout.sum(axis=(0, 2, 3))",
            "b[f] was added at every place of every image: broadcast forward, a sum backward.",
        ),
        Step(
            "dw[f,c,u,v] = sum[n,i,j](dout[n,f,i,j] * x[n,c,s*i+u-p,s*j+v-p])",
            "dw = np.einsum('nfij,ncijuv->fcuv', dout, windows)",
            "w[f,c,u,v] is used at every place (i, j) of every image, each time with the pixel under it as factor. All "
            "those uses are summed. It is a convolution of x with dout.",
        ),
        Step(
            "dx[n,c,h,k] = sum[f,i,j,u,v](dout[n,f,i,j] * w[f,c,u,v] * [h == s*i+u-p] * [k == s*j+v-p])",
            "dx_pad = np.zeros_like(x_pad)\n"
            "for i in range(H_out):\n"
            "    for j in range(W_out):\n"
            "        part = np.einsum('nf,fcuv->ncuv', dout[:, :, i, j], w)\n"
            "        dx_pad[:, :, s * i : s * i + HH, s * j : s * j + WW] += part\n"
            "dx = dx_pad[:, :, p : p + H, p : p + W]",
            "Pixel (h, k) lies in several windows, in window (i, j) at u = h + p − s i, v = k + p − s j, with the "
            "factor w[f,c,u,v]. Windows overlap, so their gradients are added (+=). At last the padding is cut off.",
        ),
        Step(
            "dx[n,c,h,k] = sum[f,i,j](dout[n,f,i,j] * w[f,c,h+p-s*i,k+p-s*j])",
            "dx_pad = np.zeros_like(x_pad)\n"
            "for u in range(HH):\n"
            "    for v in range(WW):\n"
            "        part = np.einsum('nfij,fc->ncij', dout, w[:, :, u, v])\n"
            "        rows, columns = s * H_out, s * W_out\n"
            "        dx_pad[:, :, u : u + rows : s, v : v + columns : s] += part\n"
            "dx = dx_pad[:, :, p : p + H, p : p + W]",
            "The same with u and v put in (w is 0 beyond its edges). With stride 1 it is a convolution of dout with "
            "the filters turned by 180 degrees. The loops go over the filter instead of the places, which are more.",
        ),
    ),
    own=pair(
        conv_forward_naive,
        conv_backward_naive,
        lambda v: (v["w"], v["b"], {"stride": int(v["s"]), "pad": int(v["p"])}),
        ("w", "b"),
    ),
    functions=(conv_forward_naive, conv_backward_naive),
    options=lambda layer: {"s": layer.window.stride[0], "p": layer.window.pad[0]},
    tests=(
        {"N": 2, "C": 3, "H": 5, "W": 4, "F": 2, "HH": 3, "WW": 3, "s": 1, "p": 1},
        {"N": 2, "C": 2, "H": 6, "W": 7, "F": 3, "HH": 3, "WW": 2, "s": 2, "p": 1},
        {"N": 1, "C": 2, "H": 7, "W": 5, "F": 2, "HH": 2, "WW": 2, "s": 3, "p": 0},
        {"N": 3, "C": 1, "H": 4, "W": 4, "F": 1, "HH": 1, "WW": 1, "s": 1, "p": 0},
    ),
    notes=(
        "dx_pad[:, :, pad:-pad] is empty at pad 0; write pad : pad + H.",
        "The stride belongs into the backward pass too, at each place where a window is cut out.",
        "H' = 1 + ⌊(H + 2p − HH) / s⌋: windows that do not fit at the right and bottom are left out, and the pixels "
        "there get no gradient.",
        "This is what mathematicians call cross-correlation: the filter is not turned.",
    ),
    sources=(
        Source("CS231n, Convolutional Networks", "https://cs231n.github.io/convolutional-networks/"),
        Source("Dumoulin and Visin, A guide to convolution arithmetic (2016)", "https://arxiv.org/abs/1603.07285"),
        Source(
            "LeCun et al., Gradient-Based Learning Applied to Document Recognition (1998)",
            "http://vision.stanford.edu/cs598_spring07/papers/Lecun98.pdf",
        ),
    ),
    aliases=("convolution", "conv2d"),
)
