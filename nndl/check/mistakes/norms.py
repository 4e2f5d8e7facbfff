"""Mistakes in layer, spatial batch and group normalisation."""

from nndl.check.mistakes.batchnorm import DEFAULTS, WIDE_DBETA, WIDE_DGAMMA
from nndl.check.mistakes.entry import mistake

LN, LN_BACK = "layernorm_forward", "layernorm_backward"
LN_MEAN = "mean = x.mean(axis=1, keepdims=True)"
LN_VAR = "var = ((x - mean) ** 2).mean(axis=1, keepdims=True)"
LN_STD = "inverse_std = 1 / np.sqrt(var + eps)"
BACK_MEAN = "mean = dx_hat.mean(axis=1, keepdims=True)"
BACK_PROJECTION = "projection = (dx_hat * x_hat).mean(axis=1, keepdims=True)"
LN_DX = "return inverse_std * (dx_hat - mean - x_hat * projection), dgamma, dbeta"
LN_OUT = "return gamma * x_hat + beta, (x_hat, gamma, inverse_std)"

SBN, SBN_BACK = "spatial_batchnorm_forward", "spatial_batchnorm_backward"
IN = "rows, cache = batchnorm_forward(_pixels_as_rows(x), gamma, beta, bn_param)"
OUT = "return _rows_as_pixels(rows, x.shape), cache"
BACK_IN = "rows, dgamma, dbeta = batchnorm_backward(_pixels_as_rows(dout), cache)"
BACK_OUT = "return _rows_as_pixels(rows, dout.shape), dgamma, dbeta"

GN, GN_BACK = "spatial_groupnorm_forward", "spatial_groupnorm_backward"
GROUPS = "groups = x.reshape(N * G, -1)"
GN_HAT = "x_hat = rows.reshape(N, C, H, W)"
GN_OUT = "out = gamma.reshape(C, 1, 1) * x_hat + beta.reshape(C, 1, 1)"
GN_DGAMMA = "dgamma = (dout * x_hat).sum(axis=(0, 2, 3)).reshape(gamma.shape)"
GN_DBETA = "dbeta = dout.sum(axis=(0, 2, 3)).reshape(beta.shape)"
GN_BACK_IN = "dx, _, _ = layernorm_backward(dx_hat.reshape(groups, -1), rows_cache)"
GN_BACK_OUT = "return dx.reshape(dout.shape), dgamma, dbeta"
CACHED = "x_hat, gamma, beta, rows_cache = cache"


_BARE = "inverse_std = inverse_std / np.sqrt((x_hat**2).mean(axis=1, keepdims=True))"
_LAYER = (
    mistake(
        "B12",
        LN,
        "eps stands outside the root",
        "eps is added to the variance, under the root; the two agree unless the variance is about as small as eps.",
        {LN_STD: "inverse_std = 1 / (np.sqrt(var) + eps)"},
        {LN_STD: "inverse_std = 1 / np.sqrt(var)"},
    ),
    mistake(
        "B39",
        LN,
        "another default",
        "Where ln_param does not say, eps is 1e-5 in the course; your default is another.",
        *({'eps = ln_param.get("eps", 1e-5)': f'eps = ln_param.get("eps", {eps})'} for eps in DEFAULTS),
        note=True,
    ),
    mistake(
        "N28",
        LN_BACK,
        "eps is left out on the way back",
        """Forward adds eps under the root, so backward divides by the same root. Yours leaves eps out, which
        shows for examples whose features hardly differ.""",
        {LN_DX: f"{_BARE}\n    {LN_DX}"},
        {LN_DX: f"{_BARE}\n    x_hat = x_hat / np.sqrt((x_hat**2).mean(axis=1, keepdims=True))\n    {LN_DX}"},
    ),
    mistake(
        "N35",
        LN,
        "normalised over the batch",
        """Layer norm normalises each example over its own features. You take mean and variance of each
        feature over the batch: that is batch norm, and an example's output depends on the others.""",
        {
            LN_MEAN: "mean = x.mean(axis=0, keepdims=True)",
            LN_VAR: "var = ((x - mean) ** 2).mean(axis=0, keepdims=True)",
            (LN_BACK, BACK_MEAN): "mean = dx_hat.mean(axis=0, keepdims=True)",
            (LN_BACK, BACK_PROJECTION): "projection = (dx_hat * x_hat).mean(axis=0, keepdims=True)",
        },
        {LN_MEAN: "mean = x.mean(axis=0, keepdims=True)"},
        {LN_VAR: "var = x.var(axis=0, keepdims=True)"},
    ),
    mistake(
        "N35",
        LN_BACK,
        "the means on the way back run over the batch",
        "An example's mean and variance are its own, over its features: so run the means on the way back.",
        {
            BACK_MEAN: "mean = dx_hat.mean(axis=0, keepdims=True)",
            BACK_PROJECTION: "projection = (dx_hat * x_hat).mean(axis=0, keepdims=True)",
        },
        {BACK_MEAN: "mean = dx_hat.mean(axis=0, keepdims=True)"},
        {BACK_PROJECTION: "projection = (dx_hat * x_hat).mean(axis=0, keepdims=True)"},
    ),
    mistake(
        "B31",
        LN,
        "the variance divides by D - 1",
        "The course's variance is the mean of the squares: it divides by the number of features.",
        {LN_VAR: "var = x.var(axis=1, ddof=1, keepdims=True)"},
    ),
    mistake(
        "B32",
        LN_BACK,
        "dgamma or dbeta sums over the wrong axis",
        "gamma and beta are one for each feature, shared by all examples: their gradients sum over the examples.",
        {
            "dgamma = (dout * x_hat).sum(axis=0)": "dgamma = (dout * x_hat).sum(axis=1)",
            "dbeta = dout.sum(axis=0)": "dbeta = dout.sum(axis=1)",
        },
        {"dgamma = (dout * x_hat).sum(axis=0)": "dgamma = (dout * x_hat).sum(axis=1)"},
        {"dbeta = dout.sum(axis=0)": "dbeta = dout.sum(axis=1)"},
        {"dgamma = (dout * x_hat).sum(axis=0)": "dgamma = (dout * x_hat).mean(axis=0)"},
        {"dbeta = dout.sum(axis=0)": "dbeta = dout.mean(axis=0)"},
        {"dgamma = (dout * x_hat).sum(axis=0)": WIDE_DGAMMA, "dbeta = dout.sum(axis=0)": WIDE_DBETA},
        {"dgamma = (dout * x_hat).sum(axis=0)": WIDE_DGAMMA},
        {"dbeta = dout.sum(axis=0)": WIDE_DBETA},
    ),
    mistake(
        "B21",
        LN_BACK,
        "the statistics are taken for constants",
        "Every feature also moves the mean and the variance of its example: the rows of dx should sum to 0.",
        {LN_DX: "return inverse_std * dx_hat, dgamma, dbeta"},
    ),
    mistake(
        "B33",
        LN_BACK,
        "the way through the mean is missing",
        """Adding a number to all features of an example changes no output, so each row of dx sums to 0.
        Yours does not.""",
        {LN_DX: "return inverse_std * (dx_hat - x_hat * projection), dgamma, dbeta"},
    ),
    mistake(
        "B33",
        LN_BACK,
        "the way through the variance is missing",
        """Scaling an example's deviations changes no output, so each row of dx is orthogonal to x_hat. Yours
        is not.""",
        {LN_DX: "return inverse_std * (dx_hat - mean), dgamma, dbeta"},
    ),
    mistake(
        "B36",
        LN_BACK,
        "divided by the number of examples",
        "An example's mean runs over its D features: 1/D belongs to the ways through mean and variance, not 1/N.",
        {
            BACK_MEAN: BACK_MEAN.replace("mean(", "sum(", 1) + " / len(dout)",
            BACK_PROJECTION: BACK_PROJECTION.replace(".mean(", ".sum(") + " / len(dout)",
        },
        {
            BACK_MEAN: "mean = dx_hat.sum(axis=1, keepdims=True)",
            BACK_PROJECTION: BACK_PROJECTION.replace(".mean(", ".sum("),
        },
    ),
    mistake(
        "B37",
        LN_BACK,
        "gamma is forgotten in dx",
        "Forward multiplies by gamma, so dx_hat is dout times gamma.",
        {"dx_hat = dout * gamma": "dx_hat = dout"},
    ),
    mistake(
        "B34",
        LN,
        "gamma or beta is left out",
        "After normalising, each feature is scaled by its gamma and shifted by its beta.",
        {LN_OUT: LN_OUT.replace("gamma * x_hat + beta", "x_hat", 1)},
        {LN_OUT: LN_OUT.replace("gamma * x_hat + beta", "gamma * x_hat", 1)},
        {LN_OUT: LN_OUT.replace("gamma * x_hat + beta", "x_hat + beta", 1)},
    ),
)

_PLAIN = "return rows.reshape(N, C, H, W)"


_INTO, _BACK = (
    "return x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])",
    "return rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)",
)
_BY_IMAGES = """x_hat, gamma, inverse_std, mode = cache
    d, N = _pixels_as_rows(dout), len(dout)
    dgamma, dbeta = (d * x_hat).sum(axis=0), d.sum(axis=0)
    rows = gamma * inverse_std * (d - (dbeta + x_hat * dgamma) / N)"""
_SPATIAL = (
    mistake(
        "N29",
        SBN,
        "channels are mixed: reshaped without moving the channel axis",
        """Images lie in memory channel by channel, so a reshape to rows of C numbers puts pixels of one
        channel side by side: your columns are not channels. The gradient check passes, for backward
        undoes the same; the output at channel 0 depends on channel 1. Move the channel axis to the end
        before you reshape, and back afterwards.""",
        {("_pixels_as_rows", _INTO): "return x.reshape(-1, x.shape[1])", ("_rows_as_pixels", _BACK): _PLAIN},
    ),
    mistake(
        "N30",
        SBN,
        "the picture is scrambled",
        """Means and deviations of each channel come out right, and the gradient check passes, but out[n, c,
        i, j] is not made from x[n, c, i, j]: the reshape on the way out is not the reverse of the one on
        the way in. Undo the steps in the opposite order.""",
        {
            ("_pixels_as_rows", _INTO): "return x.reshape(-1, x.shape[1])",
            ("_rows_as_pixels", _BACK): "return rows.T.reshape(C, N, H, W).swapaxes(0, 1)",
            (SBN_BACK, BACK_IN): "rows = dout.swapaxes(0, 1).reshape(dout.shape[1], -1).T\n"
            "    rows, dgamma, dbeta = batchnorm_backward(rows, cache)",
            (SBN_BACK, BACK_OUT): "return rows.reshape(dout.shape), dgamma, dbeta",
        },
        {("_rows_as_pixels", _BACK): _PLAIN},
        {("_rows_as_pixels", _BACK): "return rows.reshape(N, W, H, C).transpose(0, 3, 2, 1)"},
        {("_rows_as_pixels", _BACK): "return rows.T.reshape(N, C, H, W)"},
        {("_pixels_as_rows", _INTO): "return x.transpose(0, 3, 2, 1).reshape(-1, x.shape[1])"},
        {("_pixels_as_rows", _INTO): "return x.reshape(-1, x.shape[1])"},
        {("_rows_as_pixels", _BACK): "return rows.reshape(H, W, N, C).transpose(2, 3, 0, 1)"},
    ),
    mistake(
        "N38",
        SBN_BACK,
        "divided by N instead of N H W",
        """Each channel's mean and variance run over N H W numbers; the ways back through them divide by N
        alone in yours.""",
        {BACK_IN: _BY_IMAGES},
    ),
    mistake(
        "B32",
        SBN_BACK,
        "dgamma or dbeta is not summed over images, rows and columns",
        "gamma and beta are one for each channel: their gradients sum over everything else.",
        {BACK_OUT: "return _rows_as_pixels(rows, dout.shape), dgamma, dout.sum(axis=0)"},
        {BACK_OUT: "return _rows_as_pixels(rows, dout.shape), dgamma, dout.mean(axis=(0, 2, 3))"},
        {BACK_OUT: "return _rows_as_pixels(rows, dout.shape), dgamma, dout.sum(axis=(2, 3))"},
        {BACK_OUT: "return _rows_as_pixels(rows, dout.shape), dgamma / len(rows), dbeta / len(rows)"},
        {BACK_OUT: "return _rows_as_pixels(rows, dout.shape), dgamma[None], dbeta[None]"},
    ),
    mistake(
        "N39",
        SBN,
        "every pixel has statistics of its own",
        "A channel's mean and variance run over the images and all its pixels; yours over the images only.",
        {
            IN: "rows, cache = batchnorm_forward(x.reshape(len(x), -1), np.repeat(gamma, x[0, 0].size), "
            "np.repeat(beta, x[0, 0].size), bn_param)",
            OUT: "return rows.reshape(x.shape), cache",
        },
    ),
)

_PER_PIXEL = "groups = x.reshape(N, G, C // G, H, W).transpose(0, 1, 3, 4, 2).reshape(-1, C // G)"
_FROM_PIXELS = "x_hat = rows.reshape(N, G, H, W, C // G).transpose(0, 1, 4, 2, 3).reshape(N, C, H, W)"
_INTERLEAVED = "groups = x.reshape(N, C // G, G, H, W).swapaxes(1, 2).reshape(N * G, -1)"
_FROM_INTERLEAVED = "x_hat = rows.reshape(N, G, C // G, H, W).swapaxes(1, 2).reshape(N, C, H, W)"
_GROUP = (
    mistake(
        "N31",
        GN,
        "every pixel is normalised by itself",
        """The statistics of a group run over its C/G channels and all H W pixels. Yours run over the
        channels of one pixel alone.""",
        {GROUPS: _PER_PIXEL, GN_HAT: _FROM_PIXELS},
        {
            GROUPS: "groups = x.transpose(0, 2, 3, 1).reshape(-1, C)",
            GN_HAT: "x_hat = rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)",
        },
    ),
    mistake(
        "N32",
        GN,
        "gamma is given more axes than it needs",
        """gamma and beta are (1, C, 1, 1) already and fit the images as they are. With further axes the
        output has seven; reshaping it back hides that.""",
        {GN_OUT: "out = gamma[None, :, None, None] * x_hat + beta[None, :, None, None]"},
        {GN_OUT: "out = np.expand_dims(gamma, (0, -1, -2)) * x_hat + np.expand_dims(beta, (0, -1, -2))"},
    ),
    mistake(
        "N33",
        GN_BACK,
        "dgamma and dbeta have another shape than gamma and beta",
        """The gradients must look like what they are the gradients of, (1, C, 1, 1). reshape returns a new
        array and leaves the old one as it is: is its result kept?""",
        {
            GN_DGAMMA: GN_DGAMMA.replace(".reshape(gamma.shape)", ""),
            GN_DBETA: GN_DBETA.replace(".reshape(beta.shape)", ""),
        },
        {GN_DGAMMA: GN_DGAMMA.replace(".reshape(gamma.shape)", "")},
        {GN_DBETA: GN_DBETA.replace(".reshape(beta.shape)", "")},
    ),
    mistake(
        "N36",
        GN,
        "the channels are grouped otherwise",
        """A group is C/G channels that follow each other, and there are G of them. You split the channel
        axis the other way round: a group takes every G-th channel, or there are C/G groups of G.""",
        {GROUPS: "groups = x.reshape(N * (C // G), -1)"},
        {GROUPS: _INTERLEAVED, GN_HAT: _FROM_INTERLEAVED},
    ),
    mistake(
        "N37",
        GN,
        "images are mixed: N and G are exchanged",
        """Each image has statistics of its own, for each of its groups: N G sets of numbers. Yours are fewer
        and run across images, or across all groups of one. With N = G = 2, as in the notebook, that
        hardly shows.""",
        {GROUPS: "groups = x.reshape(G, -1)"},
        {GROUPS: "groups = x.reshape(N, -1)"},
        {
            GROUPS: "groups = x.reshape(N, G, -1).swapaxes(0, 1).reshape(G, -1)",
            GN_HAT: "x_hat = rows.reshape(G, N, -1).swapaxes(0, 1).reshape(N, C, H, W)",
        },
        {GROUPS: "groups = x.reshape(N * C, -1)"},
    ),
    mistake(
        "N38",
        GN_BACK,
        "divided by the wrong number",
        """The mean of a group runs over C/G H W numbers; the ways back through it divide by that count, not
        by N nor by all of N H W.""",
        *(
            {
                GN_BACK_IN: "d, (h, _, inverse_std) = dx_hat.reshape(groups, -1), rows_cache\n"
                f"    count = {count}\n"
                "    dx = inverse_std * (d - d.sum(axis=1, keepdims=True) / count"
                " - h * (d * h).sum(axis=1, keepdims=True) / count)"
            }
            for count in ("len(dout)", "dout[:, 0].size", "dout[0].size")
        ),
    ),
    mistake(
        "B32",
        GN_BACK,
        "dgamma or dbeta is not summed as it should be",
        "gamma and beta are one for each channel: their gradients sum over images, rows and columns.",
        {GN_DGAMMA: GN_DGAMMA.replace(".sum(axis=(0, 2, 3))", ".mean(axis=(0, 2, 3))")},
        {GN_DBETA: GN_DBETA.replace(".sum(axis=(0, 2, 3))", ".mean(axis=(0, 2, 3))")},
        {GN_DGAMMA: "dgamma = (dout * x_hat).sum(axis=0, keepdims=True)"},
        {GN_DBETA: "dbeta = dout.sum(axis=0, keepdims=True)"},
    ),
    mistake(
        "B37",
        GN_BACK,
        "gamma is forgotten in dx",
        "Forward multiplies by gamma, so dx_hat is dout times gamma.",
        {"dx_hat = dout * gamma.reshape(-1, 1, 1)": "dx_hat = dout"},
    ),
)

MISTAKES = (*_LAYER, *_SPATIAL, *_GROUP)
