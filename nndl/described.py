"""Descriptions that a config can name and give options: layers, losses, update rules, schedules, augmentations ..."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar


@dataclass(frozen=True, kw_only=True)
class Described:
    """Base of everything described: a frozen dataclass whose fields are its YAML options.

    An annotation says what an option may be, the string under a field is its documentation.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "use_attribute_docstrings": True}

    kind: ClassVar[str]
    """The name in YAML."""
    shorthand: ClassVar[str | None] = None
    """The option that a bare value sets: `affine: 10` is `affine: {out_features: 10}`."""
    counts_classes: ClassVar[str | None] = None
    """The option that a config may set to `classes`, which stands for their number."""
    nested: ClassVar[tuple[str, ...]] = ()
    """The options that hold lists out of the same table, as a residual block holds layers; the first is never empty."""
    named: ClassVar[str | None] = None
    """The option that holds such lists by name: in YAML each is an option, whose name is its own."""
    one_of: ClassVar[tuple[str, ...]] = ()
    """Options that say one thing in several ways, of which one is given; what is written says it by the first."""


D = TypeVar("D", bound=Described)


def table(*classes: type[D]) -> dict[str, type[D]]:
    """Return name -> class, in the order given."""
    return {each.kind: each for each in classes}


def option_names(described: type[Described]) -> list[str]:
    """Return the options that a description takes."""
    return [field.name for field in fields(described)]
