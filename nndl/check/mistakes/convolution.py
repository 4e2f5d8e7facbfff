"""Mistakes in convolution."""

from nndl.check.mistakes.entry import mistake

FORWARD, BACKWARD = "conv_forward_naive", "conv_backward_naive"
SIZES = "H_out, W_out = _out_size(H, HH, stride, pad), _out_size(W, WW, stride, pad)"
PAD = "x_pad = _pad(x, pad)"
SUM = "out[n, f, i, j] = np.sum(window * w[f])"
BIAS = "out += b[:, np.newaxis, np.newaxis]"
DW = "dw[f] += dout[n, f, i, j] * x_pad[n, :, rows, columns]"
DX = "dx_pad[n, :, rows, columns] += dout[n, f, i, j] * w[f]"
PLACES = "rows, columns = slice(i * stride, i * stride + HH), slice(j * stride, j * stride + WW)"
CROP = "dx = dx_pad[:, :, pad : pad + H, pad : pad + W]"
DB = "db = None if b is None else dout.sum(axis=(0, 2, 3))"
LOOP = "for i in range(H_out):\n                for j in range(W_out):"
NO_STRIDE = "slice(i, i + HH)", "slice(j, j + WW)"
I_OF_H = "for i in range(-(-H // stride)):\n                for j in range(-(-W // stride)):"

_STRIDE = """Window (i, j) begins at row i * stride and column j * stride of the padded image, on the way back as on the
way there. Yours does not, along one axis or both, which only stride 1 hides."""
WINDOW = "window = x_pad[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW]"
NO_ARRAY = r"'(int|numpy\.int64)' object (has no attribute '(shape|T|dtype|reshape|transpose)'|is not subscriptable)"
NOT_WHOLE = r"'(float|numpy.float64)' object cannot be interpreted as an integer|(slice )?indices must be integers"
OLD_NUMPY = r"module 'numpy' has no attribute '(int|float|bool|object)'|name 'xrange' is not defined"
NEW_NUMPY = r"only 0-dimensional arrays|keyword argument 'newshape'|pad_width. must be of integral type"


def dx_at(rows: str, columns: str) -> str:
    return f"dx_pad[n, :, {rows}, {columns}] += dout[n, f, i, j] * w[f]"


def dw_at(rows: str, columns: str) -> str:
    return f"dw[f] += dout[n, f, i, j] * x_pad[n, :, {rows}, {columns}]"


def padded(top: str, bottom: str) -> str:
    return f"x_pad = np.pad(x, ((0, 0), (0, 0), ({top}, {bottom}), ({top}, {bottom})))"


MISTAKES = (
    mistake(
        "C43",
        BACKWARD,
        "the padding is cut off with pad:-pad",
        """At pad 0 this slice runs from 0 to -0, and -0 is 0: dx comes out empty. Count the end of the slice
        from the beginning of the padded image, not from its end.""",
        {CROP: "dx = dx_pad[:, :, pad:-pad, pad:-pad]"},
        {CROP: "dx = np.zeros_like(x)\n    dx += dx_pad[:, :, pad:-pad, pad:-pad]"},
    ),
    mistake(
        "C44",
        BACKWARD,
        "the stride is forgotten in dx",
        _STRIDE,
        {DX: dx_at(*NO_STRIDE)},
        {DX: dx_at("rows", NO_STRIDE[1])},
        {DX: dx_at(NO_STRIDE[0], "columns")},
        {PLACES: f"rows, columns = {NO_STRIDE[0]}, {NO_STRIDE[1]}"},
        {PLACES: f"rows, columns = {NO_STRIDE[0]}, slice(j * stride, j * stride + WW)"},
        {PLACES: f"rows, columns = slice(i * stride, i * stride + HH), {NO_STRIDE[1]}"},
    ),
    mistake(
        "C45",
        BACKWARD,
        "the stride is forgotten in dw",
        _STRIDE,
        {DW: dw_at("rows", NO_STRIDE[1])},
        {DW: dw_at(NO_STRIDE[0], "columns")},
        {DW: dw_at(*NO_STRIDE)},
    ),
    mistake(
        "C46",
        BACKWARD,
        "windows overwrite each other's gradient",
        """Windows overlap: a pixel belongs to several, and every window adds to its gradient. You assign, so
        only the last window's share is left.""",
        {DX: "dx_pad[n, :, rows, columns] = dout[n, f, i, j] * w[f]"},
        {
            LOOP: LOOP + "\n                  for f in range(F):",
            "for f in range(F):\n            for i": "for _ in range(1):\n            for i",
            DX: "  dx_pad[n, :, rows, columns] = (dout[n, :, i, j, None, None, None] * w).sum(axis=0)",
            PLACES: f"  {PLACES}",
            DW: f"  {DW}",
        },
    ),
    mistake(
        "C47",
        BACKWARD,
        "the crop of dx is written for pad 1",
        "dx is cut out of the padded gradient from row 1 on, whatever pad is: right for pad 1 only.",
        {CROP: "dx = dx_pad[:, :, 1 : H + 1, 1 : W + 1]"},
        {CROP: "dx = dx_pad[:, :, 1:-1, 1:-1]"},
    ),
    mistake(
        "C48",
        FORWARD,
        "the padding is written for pad 1",
        "One side of the image, or both, is padded by 1 whatever pad is: right for pad 1 only.",
        *({PAD: padded(*sides)} for sides in (("1", "pad"), ("pad", "1"), ("1", "1"))),
    ),
    mistake(
        "C48",
        BACKWARD,
        "the padding is written for pad 1",
        "One side of the image, or both, is padded by 1 whatever pad is: right for pad 1 only.",
        *({PAD: padded(*sides)} for sides in (("1", "pad"), ("pad", "1"), ("1", "1"))),
    ),
    mistake(
        "C49",
        FORWARD,
        "the image is not padded",
        "The windows slide over the padded image; yours slide over x itself.",
        {PAD: "x_pad = x"},
    ),
    mistake(
        "C50",
        FORWARD,
        "the loops count pixels, not windows",
        """Your loops run over the rows and columns of x in steps of the stride. The number of windows is
        another: it depends on the filter's size and on the padding too, and agrees with yours only where the
        output is as large as x.""",
        {LOOP: I_OF_H},
        {LOOP: I_OF_H, SUM: f"{SUM} + b[f]", BIAS: "out += 0"},
        {SIZES: "H_out, W_out = -(-H // stride), -(-W // stride)"},
        {SIZES: "H_out, W_out = H // stride, W // stride"},
    ),
    mistake(
        "C52",
        BACKWARD,
        "a counter is in the cache instead of an array",
        """Backward finds a whole number where an array should be: a loop of forward uses the name of an input
        (x, w, i) for its counter, and the cache holds what the loop left there.""",
        error=NO_ARRAY,
    ),
    mistake(
        "C54",
        FORWARD,
        "written for an older NumPy or for Python 2",
        """np.int and its like were removed in NumPy 1.24, and / gives a float in Python 3: sizes, indices and
        counts are whole numbers, int(...) and // make them so.""",
        error=f"{NOT_WHOLE}|{OLD_NUMPY}|{NEW_NUMPY}|Cannot cast array data from dtype.'float64'. to dtype",
    ),
    mistake(
        "C60",
        FORWARD,
        "the filters are turned around",
        """You turn the filters by 180 degrees, as mathematicians' convolution does. Here, as in all of deep
        learning, the filter is laid on the window as it is.""",
        {
            SUM: "out[n, f, i, j] = np.sum(window * w[f, :, ::-1, ::-1])",
            (BACKWARD, DW): "dw[f] += dout[n, f, i, j] * x_pad[n, :, rows, columns][:, ::-1, ::-1]",
            (BACKWARD, DX): "dx_pad[n, :, rows, columns] += dout[n, f, i, j] * w[f, :, ::-1, ::-1]",
        },
    ),
    mistake(
        "C60",
        BACKWARD,
        "the filters are turned around",
        """Forward lays the filter on the window as it is, so the filter and the window come back as they are:
        you turn one by 180 degrees.""",
        {DX: "dx_pad[n, :, rows, columns] += dout[n, f, i, j] * w[f, :, ::-1, ::-1]"},
        {DW: "dw[f] += dout[n, f, i, j] * x_pad[n, :, rows, columns][:, ::-1, ::-1]"},
    ),
    mistake(
        "C61",
        FORWARD,
        "the bias is added more than once",
        """b[f] belongs to the output, once for each window: yours is added for every channel, or for every
        number of the window.""",
        {BIAS: "out += b[:, np.newaxis, np.newaxis] * w.shape[1]"},
        {BIAS: "out += b[:, np.newaxis, np.newaxis] * w[0].size"},
    ),
    mistake(
        "A14",
        FORWARD,
        "the bias is forgotten",
        "Each filter's outputs are off by one number, the same everywhere: look at what is added to the sum.",
        {BIAS: "out += 0"},
    ),
    mistake(
        "C62",
        FORWARD,
        "height and width are mixed up",
        """The number of rows of the output comes from H and HH, that of columns from W and WW. One of yours
        comes from the other, which only square images and filters hide.""",
        {SIZES: "H_out, W_out = _out_size(W, WW, stride, pad), _out_size(H, HH, stride, pad)"},
        {SIZES: "H_out = W_out = _out_size(H, HH, stride, pad)"},
        {SIZES: "H_out = W_out = _out_size(W, WW, stride, pad)"},
        {SIZES: "H_out, W_out = _out_size(H, HH, stride, pad), _out_size(W, HH, stride, pad)"},
        {SIZES: "H_out, W_out = _out_size(H, WW, stride, pad), _out_size(W, WW, stride, pad)"},
        {SIZES: "H_out, W_out = _out_size(W, HH, stride, pad), _out_size(W, WW, stride, pad)"},
    ),
    mistake(
        "C63",
        FORWARD,
        "sizes that do not divide are rounded up",
        "Where the windows leave a border, ours leaves it out; your output has a row or a column more.",
        {SIZES: "H_out, W_out = 1 - (HH - H - 2 * pad) // stride, 1 - (WW - W - 2 * pad) // stride"},
        note=True,
    ),
    mistake(
        "C64",
        FORWARD,
        "the stride is forgotten",
        "Window (i, j) begins at row i * stride and column j * stride of the padded image; yours at (i, j).",
        {WINDOW: "window = x_pad[n, :, i : i + HH, j : j + WW]"},
    ),
    mistake(
        "C65",
        BACKWARD,
        "db sums over the wrong axes",
        """b[f] is added at every place of every image's channel f, so db[f] collects dout over images, rows and
        columns, and keeps only the axis of the filters.""",
        *(
            {DB: f"db = dout.{how}"}
            for how in (
                "sum(axis=(0, 2))",
                "sum(axis=(0, 3))",
                "sum(axis=(2, 3))",
                "sum(axis=(0, 1))",
                "sum(axis=0)",
                "sum()",
                "mean(axis=(0, 2, 3))",
                "sum(axis=(2, 3)).mean(axis=0)",
                "sum(axis=(0, 2, 3), keepdims=True)",
                "sum(axis=(1, 2, 3))",
                "sum(axis=(2, 3))[-1]",
                "sum(axis=(2, 3))[0]",
            )
        ),
    ),
    mistake(
        "C66",
        BACKWARD,
        "dw keeps only the last window",
        "A filter is laid on every window of every image: dw adds up over all of them. You assign.",
        {DW: "dw[f] = dout[n, f, i, j] * x_pad[n, :, rows, columns]"},
    ),
    mistake(
        "C67",
        BACKWARD,
        "dw is averaged over the batch",
        "The loss has divided by N already; dividing again makes dw too small.",
        {DB: f"dw = dw / N\n    {DB}"},
    ),
)
