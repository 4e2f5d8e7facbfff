"""Mistakes in affine layers and ReLU."""

from nndl.check.mistakes.entry import mistake

OUT = "out = x.reshape(len(x), -1) @ w + b"
DB = "db = dout.sum(axis=0)"
RELU = "return dout * (x > 0)"

MISTAKES = (
    mistake(
        "A1",
        "relu_backward",
        "the gradient passes at exactly 0",
        """Where x is exactly 0 you let the gradient through; the course's convention is 0 there. Either is a
        subgradient, so this is no error; it only shows where x holds exact zeros.""",
        {RELU: "return dout * (x >= 0)"},
        note=True,
    ),
    mistake(
        "A2",
        "relu_backward",
        "dout is written into",
        """Your dx is another name for dout, so setting entries of dx to 0 sets them in the caller's array too. A
        branch that uses the same dout again (a residual block does) gets a wrong gradient. Look at where dx
        is made: does it copy?""",
        {RELU: "dout[x <= 0] = 0\n    return dout"},
    ),
    mistake(
        "A3",
        "relu_backward",
        "the cached input is written into",
        """You turn the cached x into a mask in place. x is the caller's array: whoever reads it later, or calls
        backward again, finds zeros and ones. Make the mask a new array.""",
        {RELU: "x[x < 0] = 0\n    x[x > 0] = 1\n    return dout * x"},
        {RELU: "x[x <= 0] = 0\n    x[x > 0] = 1\n    dout *= x\n    return dout"},
        {RELU: "x[x <= 0] = 0\n    return dout * (x > 0)"},
    ),
    mistake(
        "A4",
        "affine_backward",
        "db has an axis too many",
        """db must have exactly the shape of b, (M,). With keepdims the sum keeps a first axis of 1; after one
        update b is two-dimensional, and the shapes of everything behind it grow.""",
        {DB: "db = dout.sum(axis=0, keepdims=True)"},
    ),
    mistake(
        "A10",
        "affine_forward",
        "images are not flattened",
        """x may be a batch of images (N, C, H, W): every example is one row of the matrix product. Your product
        takes x as it comes, which works for vectors only.""",
        {OUT: "out = x.dot(w) + b"},
        {OUT: "out = x @ w + b"},
    ),
    mistake(
        "A11",
        "affine_backward",
        "dx is left flat",
        """dx must look like x: one number for each number of x, in x's shape. Yours has the shape of the
        flattened rows; for images the layer before cannot use it.""",
        {"dx = (dout @ w.T).reshape(x.shape)": "dx = dout @ w.T"},
    ),
    mistake(
        "A12",
        "affine_backward",
        "db sums over the wrong axis",
        """b is added to every row of the batch, so each entry of db collects that column of dout over all rows:
        a sum, not a mean, over the axis of the batch, and over no other.""",
        {DB: "db = dout.mean(axis=0)"},
        {DB: "db = dout.sum()"},
        {DB: "db = dout.sum(axis=1)"},
        {DB: "db = dout[0]"},
    ),
    mistake(
        "A14",
        "affine_forward",
        "the bias is forgotten",
        "Your output is off by the same row for every example: look at what else is added after the matrix product.",
        {OUT: "out = x.reshape(len(x), -1) @ w"},
    ),
    mistake(
        "A15",
        "relu_backward",
        "the mask looks at dout",
        """Which gradients pass depends on the input of forward, not on the sign of the gradient that comes back:
        you compare dout with 0.""",
        {RELU: "return dout * (dout > 0)"},
        {RELU: "return np.maximum(dout, 0)"},
        {RELU: "return dout * (dout > 0) * (x > 0)"},
    ),
    mistake(
        "A16",
        "relu_backward",
        "the mask is multiplied by x",
        "The slope of ReLU where x > 0 is 1, whatever x is: you multiply dout by the output instead of by a mask.",
        {RELU: "return dout * np.maximum(x, 0)"},
        {RELU: "return dout * x"},
    ),
    mistake(
        "A17",
        "relu_forward",
        "x is written into",
        "Forward changes the caller's x: the layer before may still need its own output. Give out an array of its own.",
        {"return np.maximum(x, 0), x": "x[x < 0] = 0\n    return x, x"},
        {"return np.maximum(x, 0), x": "x[x < 0] = 0\n    return x.copy(), x"},
    ),
    mistake(
        "A18",
        "affine_backward",
        "dw or db is averaged over the batch",
        """The loss has divided by N already: its gradient dout carries the 1/N. Dividing again in a layer makes
        the parameters' gradients N times too small.""",
        {"dw = x.reshape(len(x), -1).T @ dout": "dw = x.reshape(len(x), -1).T @ dout / len(x)"},
        {
            "dw = x.reshape(len(x), -1).T @ dout": "dw = x.reshape(len(x), -1).T @ dout / len(x)",
            DB: "db = dout.mean(axis=0)",
        },
    ),
)
