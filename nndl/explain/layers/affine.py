"""Affine, explained."""

from nndl.explain.record import Explanation, Given, Source, Step, pair
from nndl.layers import affine_backward, affine_forward

AFFINE = Explanation(
    name="affine",
    title="Affine (fully connected)",
    summary=(
        "Every output is a weighted sum of all inputs, plus a constant. Images are laid out as rows of D numbers "
        "first, in (C, H, W) order, and their gradient gets the images' shape again; here x is such rows already."
    ),
    config="- affine: 10",
    given=(
        Given("x", "N D", "the batch, a row for each example", [[1, 2, -1], [0, 3, 1]]),
        Given("w", "D M", "the weights, a column for each output", [[0.5, -1], [1, 0], [2, 1]]),
        Given("b", "M", "the biases", [0.1, -0.2]),
        Given("dout", "N M", "the gradient of the loss by out", [[1, -1], [0.5, 2]]),
    ),
    indices={"n": "N", "d": "D", "m": "M"},
    forward=(
        Step(
            "out[n,m] = sum[d](x[n,d] * w[d,m]) + b[m]",
            "out = x @ w + b",
            "A product of matrices: row n of x meets column m of w. b has no index n: NumPy broadcasts it, the same b "
            "is added in every row.",
        ),
    ),
    backward=(
        Step(
            "dx[n,d] = sum[m](dout[n,m] * w[d,m])",
            "dx = dout @ w.T",
            "x[n,d] stands in the M outputs of row n, in out[n,m] with the factor w[d,m]. The chain rule adds up over "
            "all of them. The sum over m is a product of matrices again, with w transposed; (N, M) by (M, D) is "
            "(N, D), the shape of x.",
        ),
        Step(
            "dw[d,m] = sum[n](x[n,d] * dout[n,m])",
            "dw = x.T @ dout",
            "w[d,m] stands in out[n,m] of every example n, with the factor x[n,d]. So the sum is over the examples.",
        ),
        Step(
            "db[m] = sum[n](dout[n,m])",
            "db = dout.sum(axis=0)",
            "b[m] was added in every row, with the factor 1. What forward broadcasts over n, backward sums over n.",
        ),
    ),
    own=pair(affine_forward, affine_backward, lambda v: (v["w"], v["b"]), ("w", "b")),
    functions=(affine_forward, affine_backward),
    tests=({"N": 5, "D": 7, "M": 3}, {"N": 1, "D": 4, "M": 6}, {"N": 4, "D": 1, "M": 1}),
    notes=(
        "When unsure which factor is transposed, go by the shapes: where N, D and M differ only one product fits.",
        "dx needs x's own shape: .reshape(x.shape), not that of the rows.",
    ),
    sources=(
        Source("CS231n, Backpropagation: vectorised operations", "https://cs231n.github.io/optimization-2/#mat"),
        Source(
            "Johnson, Backpropagation for a Linear Layer (CS231n, 2017)",
            "https://cs231n.stanford.edu/handouts/linear-backprop.pdf",
        ),
    ),
    aliases=("linear", "fully_connected", "dense", "fc"),
)
