"""Squeeze-and-excitation, explained."""

from collections.abc import Callable
from dataclasses import replace

from nndl.explain.record import Explanation, Given, Source, Step, Values, pair
from nndl.net.types import Array
from nndl.squeeze_excite import excite, excite_back, squeeze_excite_backward, squeeze_excite_forward


def _own(gate: str) -> Callable[[Values], dict[str, Array]]:
    names = ("w1", "b1", "w2", "b2")
    return pair(squeeze_excite_forward, squeeze_excite_backward, lambda v: (*(v[name] for name in names), gate), names)


SQUEEZE_EXCITE = Explanation(
    name="squeeze_excite",
    title="Squeeze-and-excitation",
    summary=(
        "Each channel of an image is multiplied by a gate from 0 to 1. The gates are computed from the means of all "
        "channels (squeeze) by two affine layers with a ReLU between and a sigmoid behind (excitation), so that a "
        "channel may count for less in one image and for more in the next. S is C / ratio, rounded down."
    ),
    config="- squeeze_excite: 16",
    given=(
        Given("x", "N C H W", "a batch of images", [[[[1, 3]], [[-2, 0]]], [[[0.5, -0.5]], [[1, 4]]]]),
        Given("w1", "C S", "the weights that squeeze C means to S numbers", [[1], [0.5]]),
        Given("b1", "S", "their biases", [0.2]),
        Given("w2", "S C", "the weights that make C numbers of S", [[0.5, -1]]),
        Given("b2", "C", "their biases", [0.1, 0.3]),
        Given("dout", "N C H W", "the gradient of the loss by out", [[[[1, 2]], [[-1, 1]]], [[[0.5, 1]], [[2, -1]]]]),
    ),
    indices={"n": "N", "c": "C", "i": "H", "j": "W", "s": "S", "k": "C"},
    forward=(
        Step(
            "m[n,c] = sum[i,j](x[n,c,i,j]) / (H * W)",
            "m = x.mean(axis=(2, 3))",
            "Squeeze: a channel is told by one number, its mean.",
        ),
        Step("a[n,s] = sum[c](m[n,c] * w1[c,s]) + b1[s]", "a = m @ w1 + b1", "An affine layer, with few outputs."),
        Step("r[n,s] = max(0, a[n,s])", "r = np.maximum(0, a)", "ReLU."),
        Step("t[n,c] = sum[s](r[n,s] * w2[s,c]) + b2[c]", "t = r @ w2 + b2", "Back to a number for each channel."),
        Step("g[n,c] = 1 / (1 + exp(-t[n,c]))", "g = 1 / (1 + np.exp(-t))", "Excitation: the gates, from 0 to 1."),
        Step(
            "out[n,c,i,j] = x[n,c,i,j] * g[n,c]",
            "out = x * g[:, :, np.newaxis, np.newaxis]",
            "All pixels of a channel times its gate.",
        ),
    ),
    backward=(
        Step(
            "dg[n,c] = sum[i,j](dout[n,c,i,j] * x[n,c,i,j])",
            "dg = (dout * x).sum(axis=(2, 3))",
            "out is a product of x and g, and a gate is used for every pixel of its channel: its gradients add up.",
        ),
        Step("dt[n,c] = dg[n,c] * g[n,c] * (1 - g[n,c])", "dt = dg * g * (1 - g)", "Back through the sigmoid."),
        Step("dw2[s,c] = sum[n](r[n,s] * dt[n,c])", "dw2 = r.T @ dt", "Back through affine: a sum over the images."),
        Step("db2[c] = sum[n](dt[n,c])", "db2 = dt.sum(axis=0)", "Likewise."),
        Step("dr[n,s] = sum[c](dt[n,c] * w2[s,c])", "dr = dt @ w2.T", "Likewise, over the channels."),
        Step("da[n,s] = dr[n,s] * [a[n,s] > 0]", "da = dr * (a > 0)", "Back through ReLU."),
        Step("dw1[c,s] = sum[n](m[n,c] * da[n,s])", "dw1 = m.T @ da", "Back through the first affine layer."),
        Step("db1[s] = sum[n](da[n,s])", "db1 = da.sum(axis=0)", "Likewise."),
        Step("dm[n,c] = sum[s](da[n,s] * w1[c,s])", "dm = da @ w1.T", "Likewise: what the means are to be changed by."),
        Step(
            "dx[n,c,i,j] = dout[n,c,i,j] * g[n,c] + dm[n,c] / (H * W)",
            "dx = dout * g[:, :, np.newaxis, np.newaxis]\ndx = dx + dm[:, :, np.newaxis, np.newaxis] / (H * W)",
            "x was used twice: as what the gates multiply (first term) and in the means, where each pixel has a share "
            "of 1 / (H W) (second term). The gradients of its uses add up.",
        ),
    ),
    own=_own("sigmoid"),
    functions=(squeeze_excite_forward, squeeze_excite_backward, excite, excite_back),
    tests=({"N": 4, "C": 5, "H": 2, "W": 3, "S": 2}, {"N": 1, "C": 3, "H": 1, "W": 1, "S": 3}),
    notes=(
        "With gate: hard_sigmoid, as in MobileNetV3, g and dt are others: nndl explain hard_squeeze_excite.",
        "Without the second term of dx a gradient check fails, though training goes on as if nothing were wrong.",
    ),
    sources=(Source("Hu, Shen and Sun, Squeeze-and-Excitation Networks (2018)", "https://arxiv.org/abs/1709.01507"),),
    aliases=("se", "squeeze_excitation", "squeeze_and_excitation", "se_block"),
)

_HARD = {
    "g": Step(
        "g[n,c] = min(max(0, t[n,c] + 3), 6) / 6",
        "g = np.minimum(np.maximum(0, t + 3), 6) / 6",
        "Excitation: the gates, from 0 to 1, by straight lines.",
    ),
    "dt": Step(
        "dt[n,c] = dg[n,c] * [t[n,c] > -3] * [t[n,c] < 3] / 6",
        "dt = dg * (t > -3) * (t < 3) / 6",
        "Back through the hard sigmoid, whose slope is 1/6 between -3 and 3.",
    ),
}
HARD_SQUEEZE_EXCITE = replace(
    SQUEEZE_EXCITE,
    name="hard_squeeze_excite",
    form_of="squeeze_excite",
    title="Squeeze-and-excitation with hard sigmoids",
    config="- squeeze_excite: {ratio: 4, gate: hard_sigmoid}",
    notes=SQUEEZE_EXCITE.notes[1:],
    aliases=(),
    forward=tuple(_HARD.get(step.name, step) for step in SQUEEZE_EXCITE.forward),
    backward=tuple(_HARD.get(step.name, step) for step in SQUEEZE_EXCITE.backward),
    own=_own("hard_sigmoid"),
)
