"""Values that configs write in a form of their own: views of test images, lengths of time, intervals, weights."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from nndl.config.shown import shown
from nndl.config.weights import WEIGHTS_SCHEMA, as_weights
from nndl.errors import UsageError
from nndl.train.intervals import DURATION, PATTERN, parse_duration, parse_interval
from nndl.train.views import FORM, TTA, as_tta


def _as_names(classes: Any) -> Any:
    """Return classes that a config names by numbers, 3 for the folder or the digit 3, as names."""
    if not isinstance(classes, list | tuple):
        return classes
    return [str(name) if type(name) is int else name for name in classes]


ClassNames = Annotated[
    Annotated[tuple[str, ...], Field(strict=False, min_length=2)],
    BeforeValidator(_as_names),
    WithJsonSchema({"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 2}),
]


def _tta(value: Any) -> Any:
    try:
        return as_tta(value, shown)
    except UsageError as error:
        raise ValueError(str(error)) from None


TTA_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"enum": list(TTA)},
        {"type": "string", "pattern": f"^{FORM.pattern}$"},
        {
            "type": "object",
            "properties": {
                "views": {"enum": list(TTA), "description": "The views of each image."},
                "share": {
                    "type": "number",
                    "minimum": 1e-4,
                    "maximum": 1,
                    "description": "The share of images, the least certain, that have more views than one.",
                },
            },
            "additionalProperties": False,
        },
    ]
}

Views = Annotated[str, BeforeValidator(_tta), WithJsonSchema(TTA_SCHEMA)]
"""Test-time augmentation as a config says it: mirror, mirror+translate:0.25, or a mapping."""


def _duration(value: Any) -> Any:
    parse_duration(value, shown)
    return value


Duration = Annotated[str, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": DURATION})]
"""A length of time as a config says it: `30s`, `10min`, `2h`."""


def _interval(value: Any) -> Any:
    parse_interval(value, shown)
    return value


Interval = Annotated[str, BeforeValidator(_interval), WithJsonSchema({"type": "string", "pattern": PATTERN})]
"""A distance between two moments of a training: `epoch`, `200 steps`, `10 minutes`."""

Weights = Annotated[
    Literal["balanced"] | tuple[float, ...] | dict[str, float] | None,
    BeforeValidator(as_weights),
    WithJsonSchema(WEIGHTS_SCHEMA),
]
"""Weights of classes: `balanced`, a list in their order, or some by name."""
