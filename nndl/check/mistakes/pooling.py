"""Mistakes in pooling."""

from nndl.check.mistakes.entry import mistake

POOL, POOL_BACK = "max_pool_forward_naive", "max_pool_backward_naive"
ROWS = "for i in range(_out_size(x.shape[2], height, down, top)):"
COLUMNS = "for j in range(_out_size(x.shape[3], width, across, left)):"
LARGEST = "out[:, :, i, j] = x[:, :, rows, columns].max(axis=(2, 3))"
GIVES = "dx[n, c, rows, columns][first] += dout[n, c, i, j]"

REUSED = """def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    h, w, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros_like(x)
    for n in range(dout.shape[0]):
        for c in range(dout.shape[1]):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    rows, columns = slice(i * stride, i * stride + h), slice(j * stride, j * stride + w)
                    window = x[n, c, rows, columns]
                    first = np.unravel_index(window.argmax(), window.shape)
                    i, j = {}
                    dx[n, c, rows, columns][first] += dout[n, c, i, j]
    return dx"""
"""The counters of the windows are used again inside, and stay changed until the loop takes the next."""

MISTAKES = (
    mistake(
        "P56",
        POOL_BACK,
        "windows overwrite each other's gradient",
        """Where the stride is smaller than the window, windows overlap, and one pixel may be the largest of
        several: every one of them adds to its gradient. You assign, so only the last one's is left.""",
        {GIVES: "dx[n, c, rows, columns][first] = dout[n, c, i, j]"},
        {GIVES: "dx[n, c, rows, columns] = 0\n                dx[n, c, rows, columns][first] = dout[n, c, i, j]"},
        {GIVES: "dx[n, c, rows, columns] = dout[n, c, i, j] * (window == window.max())"},
    ),
    mistake(
        "P57",
        POOL,
        "the output's size is computed without the stride",
        """You divide the image's size by the window's. The number of windows depends on the stride: only where
        the two are equal is that the same.""",
        {
            ("_windows", ROWS): "for i in range(x.shape[2] // height):",
            ("_windows", COLUMNS): "for j in range(x.shape[3] // width):",
        },
        {
            ("_windows", ROWS): "for i in range(x.shape[2] // down):",
            ("_windows", COLUMNS): "for j in range(x.shape[3] // across):",
        },
    ),
    mistake(
        "P58",
        POOL,
        "height and width of the window are mixed up",
        """The number of columns of the output comes from the window's width, that of rows from its height; one
        of yours comes from the other, which only square windows and images hide.""",
        {("_windows", COLUMNS): "for j in range(_out_size(x.shape[3], height, across, left)):"},
        {("_windows", ROWS): "for i in range(_out_size(x.shape[2], width, down, top)):"},
        {("_windows", COLUMNS): "for j in range(_out_size(x.shape[2], height, down, top)):"},
        {("_windows", ROWS): "for i in range(_out_size(x.shape[3], width, across, left)):"},
        {("_windows", "column + width)"): "column + height)"},
        {("_windows", "row + height)"): "row + width)"},
    ),
    mistake(
        "P59",
        POOL,
        "rows and columns of the output are exchanged",
        """The output is (N, C, rows, columns), as the image is; yours has columns before rows, which square
        images hide.""",
        {("_pooled", "i + 1, j + 1"): "j + 1, i + 1"},
        {"return out, (x, pool_param)": "return out.transpose(0, 1, 3, 2), (x, pool_param)"},
    ),
    mistake(
        "P60",
        POOL_BACK,
        "the gradient of another window is taken",
        """dout[n, c, i, j] belongs to window (i, j). Inside, your loops or your search for the maximum use i and
        j anew, so that they point elsewhere when dout is read.""",
        {GIVES: "dx[n, c, rows, columns][first] += dout[n, c, first[0], first[1]]"},
        *({"": REUSED.format(counters)} for counters in ("first", "(h - 1, w - 1)")),
        {
            GIVES: 'last = (pool_param["pool_height"] - 1, pool_param["pool_width"] - 1)\n                '
            "dx[n, c, rows, columns][first] += dout[n, c][last]"
        },
    ),
    mistake(
        "P61",
        POOL_BACK,
        "every one of several largest gets the gradient",
        """Where two numbers of a window are equally large, both get the whole dout, which counts it twice.
        Behind a ReLU, whole windows of zeros are common. Which of them gets it is a matter of convention:
        ours gives it to the first.""",
        {GIVES: "dx[n, c, rows, columns][window == window.max()] += dout[n, c, i, j]"},
        note=True,
    ),
    mistake(
        "P62",
        POOL_BACK,
        "the stride is forgotten",
        "Window (i, j) begins at row i * stride and column j * stride; on your way back at another place.",
        {
            GIVES: 'h, w = pool_param["pool_height"], pool_param["pool_width"]\n                '
            "dx[n, c, i : i + h, j : j + w][first] += dout[n, c, i, j]"
        },
    ),
    mistake(
        "P66",
        POOL_BACK,
        "the gradient is spread over the window",
        """Only the largest number of a window moves the output, so only it gets the gradient. Yours is shared by
        all, which is the gradient of average pooling.""",
        {GIVES: "dx[n, c, rows, columns] += dout[n, c, i, j] / window.size"},
        {GIVES: "dx[n, c, rows, columns] += dout[n, c, i, j]"},
    ),
    mistake(
        "P67",
        POOL,
        "the mean of the window is taken",
        "This is average pooling: the output is the largest number of each window.",
        {LARGEST: "out[:, :, i, j] = x[:, :, rows, columns].mean(axis=(2, 3))"},
    ),
    mistake(
        "P68",
        POOL,
        "the maximum runs over channels or images too",
        "Every channel of every image is pooled by itself: the maximum runs over the window's rows and columns only.",
        {LARGEST: LARGEST.replace("axis=(2, 3)", "axis=(1, 2, 3), keepdims=True") + "[..., 0, 0]"},
        {LARGEST: "out[:, :, i, j] = x[:, :, rows, columns].max()"},
    ),
)
