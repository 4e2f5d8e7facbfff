"""Activations that level off, explained: sigmoid, tanh, hard_sigmoid, hard_swish."""

from nndl.activations import (
    hard_sigmoid_backward,
    hard_sigmoid_forward,
    hard_swish_backward,
    hard_swish_forward,
    sigmoid_backward,
    sigmoid_forward,
    tanh_backward,
    tanh_forward,
)
from nndl.explain.layers.activation import CS231N, DOUT, EACH, TESTS, X
from nndl.explain.record import Explanation, Given, Source, Step, pair

WIDE = Given("x", "N D", "any array; here two rows of three", [[1.5, -4, 0.5], [-1, 5, -2.5]])
MOBILENET_V3 = Source("Howard et al., Searching for MobileNetV3 (2019)", "https://arxiv.org/abs/1905.02244")

SIGMOID = Explanation(
    name="sigmoid",
    title="Sigmoid",
    summary=(
        "The logistic function: every number becomes one between 0 and 1, half way at x = 0. As a gate it says how "
        "much of something else passes."
    ),
    config="- sigmoid",
    given=(X, DOUT),
    forward=(Step("out = 1 / (1 + exp(-x))", "out = 1 / (1 + np.exp(-x))", "From 0 to 1, number by number."),),
    backward=(
        Step(
            "dx = dout * out * (1 - out)",
            "dx = dout * out * (1 - out)",
            f"{EACH} The derivative of 1/(1 + e^−x) is e^−x/(1 + e^−x)², which is out (1 − out): what forward gave is "
            "all that is needed.",
        ),
    ),
    own=pair(sigmoid_forward, sigmoid_backward, lambda _: ()),
    functions=(sigmoid_forward, sigmoid_backward),
    tests=TESTS,
    notes=(
        "The slope is at most 1/4, so that each sigmoid a gradient passes makes it four times smaller or more.",
        "exp(−x) overflows for large negative x; our source writes exp(x)/(1 + exp(x)) there, which cannot.",
        "The outputs are all positive: the weights of a unit behind it get gradients of one sign.",
    ),
    sources=(CS231N,),
    aliases=("logistic",),
)

TANH = Explanation(
    name="tanh",
    title="Hyperbolic tangent",
    summary="Every number becomes one between −1 and 1; 0 stays 0. It is 2 sigmoid(2x) − 1: a sigmoid around 0.",
    config="- tanh",
    given=(X, DOUT),
    forward=(Step("out = tanh(x)", "out = np.tanh(x)", "From −1 to 1, number by number."),),
    backward=(
        Step(
            "dx = dout * (1 - out ** 2)",
            "dx = dout * (1 - out**2)",
            f"{EACH} The derivative of tanh x is 1 − tanh² x: 1 at 0, less everywhere else.",
        ),
    ),
    own=pair(tanh_forward, tanh_backward, lambda _: ()),
    functions=(tanh_forward, tanh_backward),
    tests=TESTS,
    notes=("Far from 0 it levels off and the slope goes to 0: a unit whose x is large for every image learns slowly.",),
    sources=(
        Source("LeCun et al., Efficient BackProp (1998)", "http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf"),
        CS231N,
    ),
)

HARD_SIGMOID = Explanation(
    name="hard_sigmoid",
    title="Hard sigmoid",
    summary="A sigmoid made of three straight lines: 0 up to −3, 1 from 3 on, x/6 + 1/2 between. It needs no exp.",
    config="- hard_sigmoid",
    given=(WIDE, DOUT),
    forward=(
        Step(
            "out = min(max(0, x + 3), 6) / 6",
            "out = np.minimum(np.maximum(0, x + 3), 6) / 6",
            "A ReLU6 moved to the left by 3 and divided by 6.",
        ),
    ),
    backward=(
        Step(
            "dx = dout * [x > -3] * [x < 3] / 6",
            "dx = dout * (x > -3) * (x < 3) / 6",
            f"{EACH} The slope is 1/6 between −3 and 3, and 0 where the line is level.",
        ),
    ),
    own=pair(hard_sigmoid_forward, hard_sigmoid_backward, lambda _: ()),
    functions=(hard_sigmoid_forward, hard_sigmoid_backward),
    tests=TESTS,
    notes=("This is PyTorch's. Keras before version 3, and ONNX where it is told nothing, have 0.2 x + 0.5 between.",),
    sources=(MOBILENET_V3,),
    aliases=("hardsigmoid",),
)

HARD_SWISH = Explanation(
    name="hard_swish",
    title="Hard swish",
    summary="x times its hard sigmoid: 0 up to −3, x from 3 on, a parabola between. Close to SiLU, without exp.",
    config="- hard_swish",
    given=(WIDE, DOUT),
    forward=(
        Step(
            "h = min(max(0, x + 3), 6) / 6",
            "h = np.minimum(np.maximum(0, x + 3), 6) / 6",
            "The hard sigmoid, from 0 to 1.",
        ),
        Step("out = x * h", "out = x * h", "x times that."),
    ),
    backward=(
        Step("dh = dout * x", "dh = dout * x", "out is a product of x and h."),
        Step(
            "dx = dout * h + dh * [x > -3] * [x < 3] / 6",
            "dx = dout * h + dh * (x > -3) * (x < 3) / 6",
            "x is a factor of out (first term) and stands in h, whose slope is 1/6 between −3 and 3 (second term).",
        ),
    ),
    own=pair(hard_swish_forward, hard_swish_backward, lambda _: ()),
    functions=(hard_swish_forward, hard_swish_backward),
    tests=TESTS,
    notes=("Its least value is −3/8, at x = −3/2.",),
    sources=(MOBILENET_V3,),
    aliases=("hardswish", "h_swish"),
)
