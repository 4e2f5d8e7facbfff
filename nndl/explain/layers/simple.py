"""Layers without weights, explained: dropout, stochastic_depth, scale, flatten."""

from nndl.explain.record import Explanation, Given, Source, Step, Values, pair
from nndl.layers import (
    dropout_backward,
    dropout_forward,
    flatten_backward,
    flatten_forward,
    scale_backward,
    scale_forward,
)
from nndl.net.types import Array
from nndl.stochastic_depth import stochastic_depth_backward, stochastic_depth_forward


class _Drawn:
    """A generator that draws what it was given."""

    def __init__(self, numbers: Array) -> None:
        self.numbers = numbers

    def random(self, shape: tuple[int, ...]) -> Array:
        """Return the numbers."""
        return self.numbers.reshape(shape)


def _dropout(values: Values) -> tuple[dict[str, object]]:
    return ({"mode": "train", "p": values["p"], "rng": _Drawn(values["u"])},)


DROPOUT = Explanation(
    name="dropout",
    title="Inverted dropout",
    summary=(
        "In training each number is kept with probability p and divided by p, or set to 0, at random; in test mode all "
        "pass as they are. p is the probability of KEEPING, as in the courses."
    ),
    config="- dropout: {keep: 0.8}",
    given=(
        Given("x", "N D", "any array", [[1, 2, 3, 4], [5, 6, 7, 8]]),
        Given("u", "N D", "random numbers from [0, 1)", [[0.1, 0.7, 0.3, 0.9], [0.45, 0.2, 0.6, 0.05]], kind="shares"),
        Given("dout", "N D", "the gradient of the loss by out", [[1, -1, 2, 1], [0.5, 1, 1, -2]]),
    ),
    constants={"p": 0.5},
    options=lambda layer: {"p": layer.p},
    forward=(
        Step("mask = [u < p] / p", "mask = (u < p) / p", "1/p where a number is kept, 0 where it is dropped."),
        Step(
            "out = x * mask",
            "out = x * mask",
            "On average the mask is p · 1/p + (1 − p) · 0 = 1, so out is x on average, and test mode needs no factor.",
        ),
    ),
    backward=(
        Step(
            "dx = dout * mask",
            "dx = dout * mask",
            "The mask does not depend on x: it is a constant factor of each number. The same mask, not a new one.",
        ),
    ),
    own=pair(dropout_forward, dropout_backward, _dropout),
    functions=(dropout_forward, dropout_backward),
    tests=({"N": 4, "D": 6, "p": 0.8}, {"N": 3, "D": 5, "p": 0.25}, {"N": 2, "D": 3, "p": 1.0}),
    notes=(
        "CS231n before 2018 has p as the probability of dropping in places.",
        "A gradient check must draw the same mask at every call: give a seed.",
        "Without the division by p, out shrinks in training, and test mode must multiply by p instead.",
    ),
    sources=(
        Source("Srivastava et al., Dropout (2014)", "https://jmlr.org/papers/v15/srivastava14a.html"),
        Source("CS231n, Neural networks: dropout", "https://cs231n.github.io/neural-networks-2/#reg"),
    ),
)

STOCHASTIC_DEPTH = Explanation(
    name="stochastic_depth",
    title="Stochastic depth (drop path)",
    summary=(
        "In training each example is kept whole with probability p and divided by p, or becomes 0, at random; in test "
        "mode all pass as they are. At the end of a residual block the shortcut is left: the network is shallower for "
        "that image."
    ),
    config="- residual:\n    - conv: 16\n    - relu\n    - stochastic_depth: {drop: 0.1}",
    given=(
        Given("x", "N C H W", "a batch of images", [[[[1, -2]]], [[[3, 4]]], [[[5, -6]]]]),
        Given("u", "N", "random numbers from [0, 1), one for each image", [0.3, 0.9, 0.1], kind="shares"),
        Given("dout", "N C H W", "the gradient of the loss by out", [[[[1, 1]]], [[[2, -1]]], [[[0.5, 2]]]]),
    ),
    indices={"n": "N", "c": "C", "i": "H", "j": "W"},
    constants={"p": 0.5},
    options=lambda layer: {"p": layer.p},
    forward=(
        Step(
            "mask[n] = [u[n] < p] / p",
            "mask = (u < p).reshape(-1, 1, 1, 1) / p",
            "1/p for an image that is kept, 0 for one that is dropped.",
        ),
        Step(
            "out[n,c,i,j] = x[n,c,i,j] * mask[n]",
            "out = x * mask",
            "All numbers of an image share their fate. On average out is x, so that test mode needs no factor.",
        ),
    ),
    backward=(
        Step(
            "dx[n,c,i,j] = dout[n,c,i,j] * mask[n]",
            "dx = dout * mask",
            "The mask does not depend on x: a constant factor of each image. The same mask, not a new one.",
        ),
    ),
    own=pair(stochastic_depth_forward, stochastic_depth_backward, _dropout),
    functions=(stochastic_depth_forward, stochastic_depth_backward),
    tests=(
        {"N": 9, "C": 2, "H": 2, "W": 3, "p": 0.8},
        {"N": 5, "C": 3, "H": 1, "W": 1, "p": 0.25},
        {"N": 2, "C": 1, "H": 2, "W": 2, "p": 1.0},
    ),
    notes=(
        "The paper divides nothing in training and multiplies by p in test mode. Dividing in training, as here and in "
        "torchvision, leaves test mode alone; what the network learns is the same but for the scale of the branch.",
        "torchvision's mode='row' is this; its 'batch' drops all images or none.",
    ),
    sources=(
        Source("Huang et al., Deep Networks with Stochastic Depth (2016)", "https://arxiv.org/abs/1603.09382"),
        Source(
            "torchvision, stochastic_depth",
            "https://docs.pytorch.org/vision/stable/generated/torchvision.ops.stochastic_depth.html",
        ),
    ),
    aliases=("drop_path", "droppath"),
)

SCALE = Explanation(
    name="scale",
    title="Scale",
    summary="x times a constant α that is not learnt. Before the loss it makes the softmax softer or sharper.",
    config="- scale: 0.125",
    given=(
        Given("x", "N D", "any array", [[1, -2], [3, 0.5]]),
        Given("dout", "N D", "the gradient of the loss by out", [[1, 2], [-1, 4]]),
    ),
    constants={"scale": 0.25},
    options=lambda layer: {"scale": layer.factor},
    forward=(Step("out = scale * x", "out = scale * x", "Each number alone."),),
    backward=(Step("dx = scale * dout", "dx = scale * dout", "The slope of α x is α everywhere."),),
    own=pair(scale_forward, scale_backward, lambda v: (v["scale"],)),
    functions=(scale_forward, scale_backward),
    tests=({"N": 3, "D": 4}, {"N": 1, "D": 2, "scale": -3.0}),
    sources=(Source("CS231n, Backpropagation: patterns", "https://cs231n.github.io/optimization-2/#patters"),),
)

FLATTEN = Explanation(
    name="flatten",
    title="Flatten",
    summary="Images (C, H, W) become vectors of D = C H W numbers, in that order: the same numbers in another shape.",
    config="- flatten",
    given=(
        Given("x", "N C H W", "a batch of images", [[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]]),
        Given("dout", "N D", "the gradient of the loss by out", [[1, -1, 2, 0, 3, 1, -2, 5]]),
    ),
    indices={"n": "N", "c": "C", "i": "H", "j": "W", "d": "D"},
    sizes=lambda v: {"D": v["C"] * v["H"] * v["W"]},
    forward=(
        Step(
            "out[n,d] = x[n,d//(H*W),d//W%H,d%W]",
            "out = x.reshape(N, -1)",
            "d counts through the last axis fastest: d = c H W + i W + j.",
        ),
    ),
    backward=(
        Step(
            "dx[n,c,i,j] = dout[n,c*H*W+i*W+j]",
            "dx = dout.reshape(x.shape)",
            "Every number of x is one number of out, so every gradient goes back to where its number came from.",
        ),
    ),
    own=pair(flatten_forward, flatten_backward, lambda _: ()),
    functions=(flatten_forward, flatten_backward),
    tests=({"N": 2, "C": 3, "H": 2, "W": 5}, {"N": 1, "C": 1, "H": 4, "W": 3}),
    notes=("reshape never moves a number in memory order; where axes must change places, transpose first.",),
    sources=(Source("NumPy, reshape", "https://numpy.org/doc/stable/reference/generated/numpy.reshape.html"),),
)
