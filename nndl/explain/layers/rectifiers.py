"""Relatives of ReLU, explained: elu, relu6."""

from nndl.activations import elu_backward, elu_forward, relu6_backward, relu6_forward
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
