"""Layers without weights that change shape, scale or chance: flatten, scale, dropout."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, ClassVar

from annotated_types import Gt, Le

from nndl.layers import (
    dropout_backward,
    dropout_forward,
    flatten_backward,
    flatten_forward,
    scale_backward,
    scale_forward,
)
from nndl.net.layer import Layer, Pair
from nndl.net.types import Array, Shape


@dataclass(frozen=True, kw_only=True)
class Flatten(Layer):
    """Flatten: images (C, H, W) become vectors (C * H * W,), in that order."""

    kind = "flatten"
    pair: ClassVar[Pair] = Pair(flatten_forward, flatten_backward)

    def out_shape(self, shape: Shape) -> Shape:
        return (prod(shape),)


@dataclass(frozen=True, kw_only=True)
class Scale(Layer):
    """Scale: x times a constant."""

    kind = "scale"
    shorthand = "factor"
    pair: ClassVar[Pair] = Pair(scale_forward, scale_backward)

    factor: float
    """The constant."""

    def arguments(self, params: Mapping[str, Array], param_dict: dict[str, Any]) -> tuple[Any, ...]:  # noqa: ARG002
        return (self.factor,)


@dataclass(frozen=True, kw_only=True)
class Dropout(Layer):
    """Inverted dropout: training keeps a unit with probability `keep` and divides by it (Srivastava et al. 2014)."""

    kind = "dropout"
    shorthand = "keep"
    pair: ClassVar[Pair] = Pair(dropout_forward, dropout_backward)
    draws: ClassVar[bool] = True

    keep: Annotated[float, Gt(0), Le(1)]
    """Probability of keeping a unit (the courses' p)."""

    def options(self) -> dict[str, Any]:
        return {"p": self.keep}

    def arguments(self, params: Mapping[str, Array], param_dict: dict[str, Any]) -> tuple[Any, ...]:  # noqa: ARG002
        return (param_dict,)
