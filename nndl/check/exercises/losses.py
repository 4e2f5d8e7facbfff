"""Softmax and hinge loss."""

import numpy as np

from nndl.check.exercises.exercise import Array, Exercise, Situation, always, call, draw

UNDERFLOW = "probabilities that underflow to 0 are left to the loss in the code that the courses give"


def _loss(function: str, label: str, scores: Array, seed: int = 1, **options: object) -> Situation:
    y = np.random.default_rng(seed).integers(0, scores.shape[1], len(scores))
    inputs = {"x": scores, "y": y, "x2": draw(8, *scores.shape)}
    steps = [
        call(function, ["x", "y"], ["loss", "dx"], keep="f"),
        call(function, ["x2", "y"], ["loss, called again", "dx, called again"]),
    ]
    return Situation(label, inputs, steps, **options)  # type: ignore[arg-type]


def _rows_apart() -> Array:
    """Make rows of which one is far above the others: each has its own maximum."""
    return draw(3, 4, 5) + np.array([0.0, 1000.0, -1000.0, 2000.0])[:, np.newaxis]


def _softmax() -> list[Situation]:
    return [
        _loss("softmax_loss", "scores (5, 7)", draw(1, 5, 7, scale=2.0)),
        _loss("softmax_loss", "small scores (4, 3)", draw(2, 4, 3, scale=1e-3)),
        _loss("softmax_loss", "one example, scores (1, 6)", draw(2, 1, 6), tags=frozenset({"one example"})),
        _loss("softmax_loss", "scores of 1000 and more", draw(1, 4, 6) + 1000.0, tags=frozenset({"large scores"})),
        _loss("softmax_loss", "rows far apart", _rows_apart(), tags=frozenset({"large scores"})),
        _loss("softmax_loss", "scores times 1000", draw(1, 4, 5, scale=1000.0), convention=UNDERFLOW),
    ]


def _svm() -> list[Situation]:
    return [
        _loss("svm_loss", "scores (5, 7)", draw(1, 5, 7, scale=2.0)),
        _loss("svm_loss", "small scores (4, 3)", draw(2, 4, 3, scale=1e-3)),
        _loss("svm_loss", "one example, scores (1, 6)", draw(2, 1, 6), tags=frozenset({"one example"})),
        _loss("svm_loss", "scores times 1000", draw(1, 4, 5, scale=1000.0)),
    ]


EXERCISES = (
    Exercise("softmax_loss", ("softmax_loss",), always(_softmax())),
    Exercise("svm_loss", ("svm_loss",), always(_svm())),
)
