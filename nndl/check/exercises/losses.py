"""Softmax and hinge loss."""

import numpy as np

from nndl.check.exercises.exercise import Array, Exercise, Situation, always, call, draw

UNDERFLOW = "probabilities that underflow to 0 are left to the loss in the code that the courses give"


def _loss(function: str, label: str, scores: Array, y: Array | None = None, **options: object) -> Situation:
    y = np.random.default_rng(1).integers(0, scores.shape[1], len(scores)) if y is None else y
    inputs = {"x": scores, "y": y, "x2": draw(8, *scores.shape)}
    steps = [
        call(function, ["x", "y"], ["loss", "dx"], keep="f"),
        call(function, ["x2", "y"], ["loss, called again", "dx, called again"]),
    ]
    return Situation(label, inputs, steps, **options)  # type: ignore[arg-type]


def _rows_apart() -> Array:
    """Make rows of which one is far above the others: each has its own maximum."""
    return draw(3, 4, 5) + np.array([0.0, 1000.0, -1000.0, 2000.0])[:, np.newaxis]


LABELS = np.array([2, 0, 4, 1, 3])
FAR_ABOVE = draw(6, 5, 5) + 2000.0 * np.eye(5)[LABELS]
"""Scores of which the label's own is far above the others: every probability is 0 or 1, and no logarithm infinite."""


def _softmax() -> list[Situation]:
    return [
        _loss("softmax_loss", "scores (5, 7)", draw(1, 5, 7, scale=2.0)),
        _loss("softmax_loss", "small scores (4, 3)", draw(2, 4, 3, scale=1e-3)),
        _loss("softmax_loss", "one example, scores (1, 6)", draw(2, 1, 6), tags=frozenset({"one example"})),
        _loss("softmax_loss", "scores of 1000 and more", draw(1, 4, 6) + 1000.0, tags=frozenset({"large scores"})),
        _loss("softmax_loss", "rows far apart", _rows_apart(), tags=frozenset({"large scores"})),
        _loss("softmax_loss", "one score far above", FAR_ABOVE, LABELS, tags=frozenset({"large scores"})),
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
