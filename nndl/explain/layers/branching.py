"""Branches that meet in a sum or side by side, explained on vectors."""

import numpy as np

from nndl.explain.record import Explanation, Given, Source, Step, Values
from nndl.layers import affine_backward, affine_forward, relu_backward, relu_forward
from nndl.net.catalog.branching import Concat, Sum
from nndl.net.types import Array

_X = Given("x", "N D", "the batch, a row for each example", [[1, 2], [-1, 0.5]])
_DW = Step("dw[d,m] = sum[n](x[n,d] * da[n,m])", "dw = x.T @ da", "Back through a: a sum over the examples.")


def _added(values: Values) -> dict[str, Array]:
    """Return what a + b + x give, with a = x w and b = relu(x), by our own functions."""
    a, affine_cache = affine_forward(values["x"], values["w"], np.zeros(values["w"].shape[1]))
    b, relu_cache = relu_forward(values["x"])
    dx, dw, _ = affine_backward(values["dout"], affine_cache)
    db = relu_backward(values["dout"], relu_cache)
    return {"a": a, "b": b, "out": a + b + values["x"], "dx": dx + db + values["dout"], "dw": dw}


def _side_by_side(values: Values) -> dict[str, Array]:
    """Return x and a = x w side by side, by our own functions."""
    a, cache = affine_forward(values["x"], values["w"], np.zeros(values["w"].shape[1]))
    before, da = np.split(values["dout"], [values["x"].shape[1]], axis=1)
    dx, dw, _ = affine_backward(da, cache)
    return {"a": a, "out": np.concatenate((values["x"], a), axis=1), "da": da, "dx": before + dx, "dw": dw}


SUM = Explanation(
    name="sum",
    title="Sum of branches",
    summary=(
        "Every branch is given the same x, and what they make of it is added. Here a is affine, b is relu, and the "
        "third branch is empty: x itself. Any layers may stand there; all branches give one shape."
    ),
    config="- sum:\n    a: [{conv: {filters: 64, kernel: 1}}]\n    b: [spatial_bn]\n    x: []",
    given=(
        _X,
        Given("w", "D M", "the weights of branch a; M = D, so that x can be added", [[0.5, -1], [1, 0.5]]),
        Given("dout", "N M", "the gradient of the loss by out", [[1, -1], [2, 0.5]]),
    ),
    indices={"n": "N", "d": "D", "m": "M"},
    forward=(
        Step("a[n,m] = sum[d](x[n,d] * w[d,m])", "a = x @ w", "The first branch."),
        Step("b[n,m] = max(0, x[n,m])", "b = np.maximum(x, 0)", "The second, of the same x."),
        Step("out[n,m] = a[n,m] + b[n,m] + x[n,m]", "out = a + b + x", "They meet."),
    ),
    backward=(
        Step("da[n,m] = dout[n,m]", "da = dout", "A sum has slope 1 by each of its terms: each branch is given dout."),
        _DW,
        Step(
            "dx[n,d] = sum[m](da[n,m] * w[d,m]) + dout[n,d] * [x[n,d] > 0] + dout[n,d]",
            "dx = da @ w.T + dout * (x > 0) + dout",
            "x was used three times, and gets the sum of the gradients of its uses.",
        ),
    ),
    own=_added,
    functions=(Sum, affine_backward, relu_backward),
    tests=({"N": 4, "D": 3, "M": 3}, {"N": 1, "D": 5, "M": 5}),
    notes=("Each branch is given dout as it is: who changes it in place changes it for the next branch too.",),
    sources=(
        Source("Xie et al., Aggregated Residual Transformations (2017)", "https://arxiv.org/abs/1611.05431"),
        Source("CS231n, Backpropagation: patterns", "https://cs231n.github.io/optimization-2/#patters"),
    ),
    aliases=("add", "branches"),
)

CONCAT = Explanation(
    name="concat",
    title="Concatenation of branches",
    summary=(
        "Every branch is given the same x, and what they make of it is put side by side: channels behind channels. "
        "Here the first branch is empty, x itself, and the second is affine, as in a DenseNet."
    ),
    config="- concat:\n    x: []\n    new: [spatial_bn, relu, {conv: {filters: 12, bias: false}}]",
    given=(
        _X,
        Given("w", "D M", "the weights of the second branch", [[0.5, -1, 0], [1, 0.5, 2]]),
        Given("dout", "N C", "the gradient of the loss by out", [[1, -1, 2, 0, 1], [2, 0.5, 0, 1, -1]]),
    ),
    indices={"n": "N", "d": "D", "m": "M", "c": "C"},
    sizes=lambda v: {"C": v["D"] + v["M"]},
    forward=(
        Step("a[n,m] = sum[d](x[n,d] * w[d,m])", "a = x @ w", "The second branch."),
        Step(
            "out[n,c] = x[n,c] if c < D else a[n,c-D]",
            "out = np.concatenate((x, a), axis=1)",
            "The first D channels are x, the others a.",
        ),
    ),
    backward=(
        Step("da[n,m] = dout[n,D+m]", "da = dout[:, D:]", "Each branch is given what dout says of its channels."),
        _DW,
        Step(
            "dx[n,d] = dout[n,d] + sum[m](da[n,m] * w[d,m])",
            "dx = dout[:, :D] + da @ w.T",
            "x was used twice, as itself and by the second branch: the gradients of its uses are added.",
        ),
    ),
    own=_side_by_side,
    functions=(Concat, affine_backward),
    tests=({"N": 4, "D": 3, "M": 2}, {"N": 1, "D": 2, "M": 5}),
    notes=("A part of dout is a view: np.concatenate copied going forward, nothing needs to going back.",),
    sources=(
        Source("Huang et al., Densely Connected Convolutional Networks (2017)", "https://arxiv.org/abs/1608.06993"),
        Source("Szegedy et al., Going Deeper with Convolutions (2015)", "https://arxiv.org/abs/1409.4842"),
    ),
    aliases=("concatenate", "cat", "densenet", "inception"),
)
