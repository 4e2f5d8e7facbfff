"""Weights of classes as a config gives them: balanced, a list, or some by name."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from nndl.config.shown import shown
from nndl.errors import DataError
from nndl.net.types import Array

ClassWeights = Literal["balanced"] | tuple[float, ...] | Mapping[str, float]

LARGEST = 1e6
"""Weights beyond it make losses of float32 overflow sooner than they balance anything."""

_WEIGHT = {"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST}
WEIGHTS_SCHEMA = {
    "anyOf": [
        {"const": "balanced"},
        {"type": "array", "items": _WEIGHT, "minItems": 1},
        {
            "type": "object",
            "additionalProperties": _WEIGHT,
            "minProperties": 1,
        },
        {"type": "null"},
    ]
}
"""The forms in a config, as JSON Schema."""


def as_weights(value: Any) -> Any:
    """Return weights as a config gives them, lists as tuples; raises ValueError for what is none."""
    named = value if isinstance(value, Mapping) else dict(enumerate(value)) if isinstance(value, list | tuple) else None
    if value is None or value == "balanced":
        return value
    if not named:
        raise ValueError(
            f"weights of classes are balanced, a list of numbers, or such as {{cat: 2.0}}, not {shown(value)}"
        )
    for name, weight in named.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight):
            raise ValueError(f"a weight is a finite number: {name} has {shown(weight)}")
        if weight > LARGEST:
            raise ValueError(f"a weight is at most {LARGEST:,.0f}, or losses overflow: {name} has {shown(weight)}")
    return {str(name): float(weight) for name, weight in value.items()} if value is named else tuple(map(float, value))


def class_weights(given: ClassWeights | None, classes: Sequence[str], labels: Array, key: str) -> Array | None:
    """Return the weights float64 (C,) that `key` gives the classes, whose images have these labels; None for none.

    balanced: N / (C * images of the class), which is 1 on average over the images. Classes that are not named have 1.
    Raises DataError where classes are to be balanced and one has no image.
    """
    if given is None:
        return None
    if isinstance(given, Mapping):
        return np.array([given.get(name, 1.0) for name in classes], np.float64)
    if given != "balanced":
        return np.array(given, np.float64)
    counts = np.bincount(labels, minlength=len(classes))
    if not counts.all():
        without = classes[int(np.argmin(counts))]
        raise DataError(f"{key}: balanced needs images of every class, and {without!r} has none to train on")
    return len(labels) / (len(classes) * counts)
