"""Affine layers, activations, and what only moves numbers."""

import numpy as np

from nndl.check.exercises.building import Pair, nonzero
from nndl.check.exercises.exercise import Array, Exercise, Situation, draw

AFFINE = Pair("affine", "affine_forward", "affine_backward", ("x", "w", "b"), ("dx", "dw", "db"))
AT_ZERO = "the derivative at exactly 0 is a matter of convention"


def _affine(label: str, shape: tuple[int, ...], features: int, tag: str = "") -> Situation:
    D = int(np.prod(shape[1:]))
    values = draw(1, *shape, shift=0.5), draw(2, D, features), draw(3, features, shift=1.0)
    return AFFINE.situation(label, *values, tags=(tag,) if tag else ())


def _activation(name: str, *options: float) -> Exercise:
    forward = f"{name}_forward"
    pair = Pair(name, forward, f"{name}_backward", ("x", "option")[: 1 + len(options)], ("dx",))
    vector, image = nonzero(draw(1, 4, 7)), nonzero(draw(2, 2, 3, 5, 4, scale=2.0))
    return pair.exercise(
        pair.situation("x (4, 7)", vector, *options),
        pair.situation("x (2, 3, 5, 4)", image, *options, tags=("images",)),
        pair.situation("numbers near 0", 1e-4 * vector, *options, tags=("numbers near 0",)),
        pair.situation("large numbers", 100 * vector, *options, tags=("large numbers",)),
        pair.situation("one example, x (1, 6)", nonzero(draw(3, 1, 6)), *options, tags=("one example",)),
        pair.situation("zeros in x", _zeros(), *options, tags=("x is exactly 0",), convention=AT_ZERO),
    )


def _zeros() -> Array:
    return np.trunc(1.2 * draw(4, 6, 5))


FLATTEN = Pair("flatten", "flatten_forward", "flatten_backward", ("x",), ("dx",))
SCALE = Pair("scale", "scale_forward", "scale_backward", ("x", "scale"), ("dx",))

EXERCISES = (
    AFFINE.exercise(
        _affine("x (5, 7)", (5, 7), 3),
        _affine("x (3, 2, 4, 5)", (3, 2, 4, 5), 6, "images"),
        _affine("one example, x (1, 4)", (1, 4), 3, "one example"),
        _affine("one feature out, x (4, 3)", (4, 3), 1),
    ),
    _activation("relu"),
    _activation("leaky_relu", 0.2),
    _activation("gelu"),
    _activation("silu"),
    _activation("sigmoid"),
    _activation("tanh"),
    _activation("elu", 0.5),
    FLATTEN.exercise(
        FLATTEN.situation("x (3, 2, 4, 5)", draw(1, 3, 2, 4, 5)), FLATTEN.situation("x (4, 3)", draw(1, 4, 3))
    ),
    SCALE.exercise(
        SCALE.situation("x (3, 4)", draw(1, 3, 4), 0.25), SCALE.situation("x (2, 3, 4, 5)", draw(1, 2, 3, 4, 5), -3.0)
    ),
)
