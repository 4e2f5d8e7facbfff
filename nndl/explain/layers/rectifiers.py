"""Relatives of ReLU, explained: elu, relu6, prelu."""

from nndl.activations import (
    elu_backward,
    elu_forward,
    prelu_backward,
    prelu_forward,
    relu6_backward,
    relu6_forward,
)
from nndl.explain.layers.activation import DOUT, EACH, TESTS, X
from nndl.explain.record import Explanation, Given, Source, Step, pair

ELU = Explanation(
    name="elu",
    title="ELU",
    summary="As ReLU where x is positive; below, it falls off smoothly to −α: the mean is nearer 0, and no unit dies.",
    config="- elu: 1.0",
    given=(X, DOUT),
    constants={"slope": 0.5},
    options=lambda layer: {"slope": layer.alpha},
    forward=(
        Step(
            "out = x if x > 0 else slope * (exp(x) - 1)",
            "out = np.where(x > 0, x, slope * (np.exp(x) - 1))",
            "x or α (e^x − 1), number by number.",
        ),
    ),
    backward=(
        Step(
            "dx = dout if x > 0 else dout * slope * exp(x)",
            "dx = np.where(x > 0, dout, dout * slope * np.exp(x))",
            f"{EACH} The slope is 1 on one side of 0, and α e^x on the other: the constant −α adds nothing.",
        ),
    ),
    own=pair(elu_forward, elu_backward, lambda v: (v["slope"],)),
    functions=(elu_forward, elu_backward),
    tests=(*TESTS, {"N": 3, "D": 4, "slope": 0.0}, {"N": 3, "D": 4, "slope": 1.5}),
    notes=(
        "For α = 1 there is no kink: both sides have slope 1 at 0.",
        "Where x is large and positive exp(x) overflows although it is not used; our source takes exp of min(x, 0).",
    ),
    sources=(
        Source(
            "Clevert, Unterthiner and Hochreiter, Exponential Linear Units (2015)", "https://arxiv.org/abs/1511.07289"
        ),
    ),
)

RELU6 = Explanation(
    name="relu6",
    title="ReLU6",
    summary="A ReLU that is cut off above 6 as well, so that its numbers can be kept in few bits.",
    config="- relu6",
    given=(Given("x", "N D", "any array; here two rows of three", [[1, -2, 7], [-0.5, 3, 6.5]]), DOUT),
    forward=(
        Step("out = min(max(0, x), 6)", "out = np.minimum(np.maximum(0, x), 6)", "Between 0 and 6, number by number."),
    ),
    backward=(
        Step(
            "dx = dout * [x > 0] * [x < 6]",
            "dx = dout * (x > 0) * (x < 6)",
            f"{EACH} The slope is 1 between 0 and 6 and 0 where x is cut off, below or above.",
        ),
    ),
    own=pair(relu6_forward, relu6_backward, lambda _: ()),
    functions=(relu6_forward, relu6_backward),
    tests=TESTS,
    notes=("Units can die at both ends: where x is above 6 for every image, no gradient passes either.",),
    sources=(Source("Sandler et al., MobileNetV2 (2018)", "https://arxiv.org/abs/1801.04381"),),
)

PRELU = Explanation(
    name="prelu",
    title="PReLU",
    summary=(
        "A leaky ReLU whose slope for negative x is learnt: a, one number for each channel. After affine, each feature "
        "is a channel of one pixel."
    ),
    config="- prelu",
    given=(
        Given("x", "N C H W", "a batch of images", [[[[1, -2]], [[-1, 4]]], [[[-3, 0.5]], [[-0.5, -2]]]]),
        Given("a", "C", "the slopes, one for each channel", [0.25, 0.5]),
        Given("dout", "N C H W", "the gradient of the loss by out", [[[[1, 2]], [[3, -1]]], [[[2, 1]], [[-2, 1]]]]),
    ),
    indices={"n": "N", "c": "C", "i": "H", "j": "W"},
    forward=(
        Step(
            "out[n,c,i,j] = x[n,c,i,j] if x[n,c,i,j] > 0 else a[c] * x[n,c,i,j]",
            "out = np.where(x > 0, x, a.reshape(-1, 1, 1) * x)",
            "x, or a x below 0. a has a number for each channel: as (C, 1, 1) it stands beside the pixels of its own.",
        ),
    ),
    backward=(
        Step(
            "dx[n,c,i,j] = dout[n,c,i,j] if x[n,c,i,j] > 0 else a[c] * dout[n,c,i,j]",
            "dx = np.where(x > 0, dout, a.reshape(-1, 1, 1) * dout)",
            "The slope by x is 1 above 0 and a below.",
        ),
        Step(
            "da[c] = sum[n,i,j](dout[n,c,i,j] * min(x[n,c,i,j], 0))",
            "da = (dout * np.minimum(x, 0)).sum(axis=(0, 2, 3))",
            "a x has the slope x by a, and where x is positive a does not count. a is used for every pixel of its "
            "channel in every image: the gradients of all its uses add up.",
        ),
    ),
    own=pair(prelu_forward, prelu_backward, lambda v: (v["a"],), ("a",)),
    functions=(prelu_forward, prelu_backward),
    tests=({"N": 3, "C": 4, "H": 2, "W": 5}, {"N": 1, "C": 1, "H": 1, "W": 6}),
    notes=(
        "The slopes are left out of L2 regularisation, which would pull them to 0 and make a ReLU of it.",
        "A slope above 1 or below 0 is possible: nothing holds it between.",
    ),
    sources=(Source("He et al., Delving Deep into Rectifiers (2015)", "https://arxiv.org/abs/1502.01852"),),
    aliases=("parametric_relu",),
)
