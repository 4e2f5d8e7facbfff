"""Activations, explained: relu, leaky_relu, gelu, silu."""

from nndl.explain.record import Explanation, Given, Source, Step, pair
from nndl.layers import (
    GELU_CUBIC,
    GELU_SCALE,
    gelu_backward,
    gelu_forward,
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
    silu_backward,
    silu_forward,
)

X = Given("x", "N D", "any array; here two rows of three", [[1, -2, 0.5], [-0.5, 3, -1]])
DOUT = Given("dout", "N D", "the gradient of the loss by out", [[1, 2, -1], [3, 0.5, -2]])
TESTS = ({"N": 4, "D": 7}, {"N": 1, "D": 3})
EACH = "Each number of x makes one number of out and no other, so nothing is summed: the gradient is a product."
CS231N = Source("CS231n, Neural networks: activation functions", "https://cs231n.github.io/neural-networks-1/#actfun")

RELU = Explanation(
    name="relu",
    title="ReLU",
    summary=(
        "What is positive passes, what is negative becomes 0. No parameters, any shape: the formula holds for each "
        "number of x alone, so it has no indices."
    ),
    config="- relu",
    given=(X, DOUT),
    forward=(Step("out = max(0, x)", "out = np.maximum(x, 0)", "The larger of 0 and x, number by number."),),
    backward=(
        Step(
            "dx = dout * [x > 0]",
            "dx = dout * (x > 0)",
            f"{EACH} The slope of max(0, x) is 1 where x > 0 and 0 where x < 0. In NumPy a comparison is True or "
            "False, which count as 1 and 0.",
        ),
    ),
    own=pair(relu_forward, relu_backward, lambda _: ()),
    functions=(relu_forward, relu_backward),
    tests=TESTS,
    notes=(
        "At x = 0 there is a kink and any slope from 0 to 1 is right; here it is 0.",
        "The comparison is with x, the input, not with dout.",
        "A unit whose x is negative for every image gets no gradient any more: it is dead.",
    ),
    sources=(
        Source(
            "Nair and Hinton, Rectified Linear Units (2010)", "https://www.cs.toronto.edu/~hinton/absps/reluICML.pdf"
        ),
        CS231N,
    ),
)

LEAKY_RELU = Explanation(
    name="leaky_relu",
    title="Leaky ReLU",
    summary="As ReLU, but what is negative passes too, times a small slope α, so that no unit dies.",
    config="- leaky_relu: 0.01",
    given=(X, DOUT),
    constants={"slope": 0.1},
    options=lambda layer: {"slope": layer.negative_slope},
    forward=(
        Step("out = x if x > 0 else slope * x", "out = np.where(x > 0, x, slope * x)", "x or α x, number by number."),
    ),
    backward=(
        Step(
            "dx = dout if x > 0 else slope * dout",
            "dx = np.where(x > 0, dout, slope * dout)",
            f"{EACH} The slope is 1 on one side of 0 and α on the other.",
        ),
    ),
    own=pair(leaky_relu_forward, leaky_relu_backward, lambda v: (v["slope"],)),
    functions=(leaky_relu_forward, leaky_relu_backward),
    tests=(*TESTS, {"N": 3, "D": 4, "slope": 0.0}, {"N": 3, "D": 4, "slope": 1.5}),
    notes=("max(x, α x) is the same only while α is at most 1.",),
    sources=(
        Source(
            "Maas, Hannun and Ng, Rectifier Nonlinearities (2013)",
            "https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf",
        ),
        CS231N,
    ),
    aliases=("leakyrelu", "lrelu"),
)

GELU = Explanation(
    name="gelu",
    title="GELU",
    summary=(
        "x times about the share of a normal distribution that lies below x: a ReLU without a kink. This is the form "
        "with tanh, for which no error function is needed; a = √(2/π) and c = 0.044715."
    ),
    config="- gelu",
    given=(X, DOUT),
    constants={"a": GELU_SCALE, "c": GELU_CUBIC},
    forward=(
        Step("u = a * (x + c * x ** 3)", "u = a * (x + c * x**3)", "The argument of tanh."),
        Step("t = tanh(u)", "t = np.tanh(u)", "From −1 to 1; (1 + t)/2 goes from 0 to 1."),
        Step("out = 1/2 * x * (1 + t)", "out = 1 / 2 * x * (1 + t)", "x times that share."),
    ),
    backward=(
        Step(
            "dt = 1/2 * dout * x",
            "dt = 1 / 2 * dout * x",
            "out is a product of x and t. By t, x is a constant factor.",
        ),
        Step("du = dt * (1 - t ** 2)", "du = dt * (1 - t**2)", "The derivative of tanh u is 1 − tanh² u."),
        Step(
            "dx = 1/2 * dout * (1 + t) + du * a * (1 + 3 * c * x ** 2)",
            "dx = 1 / 2 * dout * (1 + t) + du * a * (1 + 3 * c * x**2)",
            "x reaches out on two ways, as a factor and through u; the gradients add (product rule).",
        ),
    ),
    own=pair(gelu_forward, gelu_backward, lambda _: ()),
    functions=(gelu_forward, gelu_backward),
    tests=TESTS,
    notes=("GELU's other form has the normal distribution function itself; the two differ by up to 5e-4.",),
    sources=(Source("Hendrycks and Gimpel, Gaussian Error Linear Units (2016)", "https://arxiv.org/abs/1606.08415"),),
)

SILU = Explanation(
    name="silu",
    title="SiLU (swish)",
    summary="x times the logistic function of x: close to ReLU far from 0, without a kink, a little below 0 for x < 0.",
    config="- silu",
    given=(X, DOUT),
    forward=(
        Step("s = 1 / (1 + exp(-x))", "s = 1 / (1 + np.exp(-x))", "The logistic function, from 0 to 1."),
        Step("out = x * s", "out = x * s", "x times that."),
    ),
    backward=(
        Step("ds = dout * x", "ds = dout * x", "out is a product of x and s."),
        Step(
            "dx = dout * s + ds * s * (1 - s)",
            "dx = dout * s + ds * s * (1 - s)",
            "x is a factor of out (first term) and stands in s, whose derivative is s (1 − s) (second term).",
        ),
        Step("dx = dout * s * (1 + x * (1 - s))", "dx = dout * s * (1 + x * (1 - s))", "The same, collected."),
    ),
    own=pair(silu_forward, silu_backward, lambda _: ()),
    functions=(silu_forward, silu_backward),
    tests=TESTS,
    notes=("exp(−x) overflows for large negative x; our source writes the logistic function with tanh, which cannot.",),
    sources=(
        Source("Elfwing, Uchibe and Doya, Sigmoid-Weighted Linear Units (2017)", "https://arxiv.org/abs/1702.03118"),
        Source(
            "Ramachandran, Zoph and Le, Searching for Activation Functions (2017)", "https://arxiv.org/abs/1710.05941"
        ),
    ),
    aliases=("swish",),
)
