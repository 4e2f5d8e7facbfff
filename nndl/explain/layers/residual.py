"""The residual block, explained on one that holds affine and relu."""

from nndl.explain.record import Explanation, Given, Source, Step, Values
from nndl.layers import affine_backward, affine_forward, relu_backward, relu_forward
from nndl.net.catalog.residual import Residual
from nndl.net.types import Array


def _block(values: Values) -> dict[str, Array]:
    """Return what x + relu(affine(x)) gives, by our own functions."""
    a, affine_cache = affine_forward(values["x"], values["w"], values["b"])
    f, relu_cache = relu_forward(a)
    da = relu_backward(values["dout"], relu_cache)
    dbody, dw, db = affine_backward(da, affine_cache)
    return {"out": f + values["x"], "da": da, "dx": dbody + values["dout"], "dw": dw, "db": db}


RESIDUAL = Explanation(
    name="residual",
    title="Residual block",
    summary=(
        "The layers of the block compute f(x), and x is added to it: out = f(x) + x. Here f is affine and relu; any "
        "layers may stand there. Where f changes the shape, x goes through a 1 x 1 convolution first."
    ),
    config="- residual:\n    - conv: {filters: 128, bias: false}\n    - spatial_bn\n    - relu",
    given=(
        Given("x", "N D", "the batch, a row for each example", [[1, 2], [-1, 0.5]]),
        Given("w", "D M", "the weights of the affine layer; M = D, so that x can be added", [[0.5, -1], [1, 0.5]]),
        Given("b", "M", "its biases", [0.1, -0.2]),
        Given("dout", "N M", "the gradient of the loss by out", [[1, -1], [2, 0.5]]),
    ),
    indices={"n": "N", "d": "D", "m": "M"},
    forward=(
        Step("a[n,m] = sum[d](x[n,d] * w[d,m]) + b[m]", "a = x @ w + b", "The first layer of the block."),
        Step("f[n,m] = max(0, a[n,m])", "f = np.maximum(a, 0)", "The second."),
        Step("out[n,m] = f[n,m] + x[n,m]", "out = f + x", "x itself goes round the layers: the shortcut."),
    ),
    backward=(
        Step(
            "df[n,m] = dout[n,m]",
            "df = dout",
            "A sum has slope 1 by each of its terms: it passes the gradient on as it is.",
        ),
        Step("da[n,m] = df[n,m] * [a[n,m] > 0]", "da = df * (a > 0)", "Back through relu."),
        Step("dw[d,m] = sum[n](x[n,d] * da[n,m])", "dw = x.T @ da", "Back through affine: a sum over the examples."),
        Step("db[m] = sum[n](da[n,m])", "db = da.sum(axis=0)", "Likewise."),
        Step(
            "dx[n,d] = sum[m](da[n,m] * w[d,m]) + dout[n,d]",
            "dx = da @ w.T + dout",
            "x was used twice, by the layers and by the shortcut. A value that is used several times gets the sum of "
            "the gradients of its uses. Even where da is 0, dout arrives whole: this is why deep networks of such "
            "blocks learn.",
        ),
    ),
    own=_block,
    functions=(Residual, affine_backward, relu_backward),
    tests=({"N": 4, "D": 3, "M": 3}, {"N": 1, "D": 5, "M": 5}),
    notes=(
        "dx += dout, not dx = dout: the shortcut adds to what comes through the layers.",
        "With f = 0, as it is at first where the last gamma of a block starts at 0, the block is the identity.",
    ),
    sources=(
        Source("He et al., Deep Residual Learning for Image Recognition (2016)", "https://arxiv.org/abs/1512.03385"),
    ),
    aliases=("resnet", "residual_block", "skip_connection", "shortcut"),
)
