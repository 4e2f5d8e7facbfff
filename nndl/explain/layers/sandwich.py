"""Layers in a row, explained on affine and relu: what the courses call sandwich layers."""

from nndl.explain.record import Explanation, Given, Source, Step, Values
from nndl.layer_utils import affine_relu_backward, affine_relu_forward
from nndl.net.types import Array


def _own(values: Values) -> dict[str, Array]:
    out, cache = affine_relu_forward(values["x"], values["w"], values["b"])
    dx, dw, db = affine_relu_backward(values["dout"], cache)
    return {"out": out, "dx": dx, "dw": dw, "db": db}


AFFINE_RELU = Explanation(
    name="affine_relu",
    title="Layers in a row (affine, relu)",
    summary=(
        "The output of one layer is the input of the next. Forward runs the layers in order and keeps the cache of "
        "each; backward runs their backward halves in the opposite order, and the dx of one is the dout of the one "
        "before it. Here two layers; affine_batchnorm_relu, conv_relu_pool and a whole network do the same with more."
    ),
    config="- affine: 100\n- relu",
    given=(
        Given("x", "N D", "the batch, a row for each example", [[1, 2, -1], [0, 3, 1]]),
        Given("w", "D M", "the weights", [[0.5, -1], [1, 0], [2, 1]]),
        Given("b", "M", "the biases", [0.1, -0.2]),
        Given("dout", "N M", "the gradient of the loss by out", [[1, -1], [0.5, 2]]),
    ),
    indices={"n": "N", "d": "D", "m": "M"},
    forward=(
        Step(
            "a[n,m] = sum[d](x[n,d] * w[d,m]) + b[m]", "a = x @ w + b", "The first layer, affine; a is what it gives."
        ),
        Step("out[n,m] = max(0, a[n,m])", "out = np.maximum(a, 0)", "The second, relu. Its input is a."),
    ),
    backward=(
        Step(
            "da[n,m] = dout[n,m] * [a[n,m] > 0]",
            "da = dout * (a > 0)",
            "Back through the last layer first: relu needs its own input a, which its cache kept. This is the chain "
            "rule's first factor.",
        ),
        Step(
            "dx[n,d] = sum[m](da[n,m] * w[d,m])",
            "dx = da @ w.T",
            "Back through affine, as if it stood alone, with da where its dout stands. No layer needs to know what "
            "comes behind it: all of that is in da.",
        ),
        Step("dw[d,m] = sum[n](x[n,d] * da[n,m])", "dw = x.T @ da", "Likewise."),
        Step("db[m] = sum[n](da[n,m])", "db = da.sum(axis=0)", "Likewise."),
    ),
    own=_own,
    functions=(affine_relu_forward, affine_relu_backward),
    tests=({"N": 5, "D": 7, "M": 3}, {"N": 1, "D": 4, "M": 6}),
    notes=(
        "Caches are taken apart in the order in which they were put together; layers are gone through in the opposite "
        "one.",
        "Derivatives of a row of layers are a product of matrices, which backward takes from the left, a vector at a "
        "time: that costs about two forward passes, whatever the number of parameters.",
    ),
    sources=(
        Source("CS231n, Backpropagation, Intuitions", "https://cs231n.github.io/optimization-2/"),
        Source(
            "Rumelhart, Hinton and Williams, Learning representations by back-propagating errors (1986)",
            "https://doi.org/10.1038/323533a0",
        ),
    ),
    aliases=(
        *(
            "sandwich",
            "chain_rule",
            "affine_batchnorm_relu",
            "affine_bn_relu",
            "affine_layernorm_relu",
            "affine_ln_relu",
        ),
        *("conv_relu", "conv_relu_pool", "conv_bn_relu", "conv_bn_relu_pool", "conv_batchnorm_relu"),
    ),
)
