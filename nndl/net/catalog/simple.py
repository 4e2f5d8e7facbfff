"""Layers without weights that change shape, scale or chance: flatten, scale, dropout, stochastic depth."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Le, Lt

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
from nndl.stochastic_depth import stochastic_depth_backward, stochastic_depth_forward


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
class _Dropping(Layer):
    """The common part: training drops at random, and divides what is kept by the probability of that."""

    one_of: ClassVar[tuple[str, ...]] = ("keep", "drop")
    draws: ClassVar[bool] = True

    keep: Annotated[float, Gt(0), Le(1)] | None = None
    """Probability of keeping (the courses' p); give this or `drop`."""
    drop: Annotated[float, Ge(0), Lt(1)] | None = None
    """Probability of dropping (PyTorch's p): 1 - keep, and kept as that."""

    def __post_init__(self) -> None:
        if (self.keep is None) == (self.drop is None):
            raise ValueError("give one of keep (the share that stays) and drop (the share that goes)")
        if self.drop is not None:
            object.__setattr__(self, "keep", round(1 - self.drop, 15) or 1 - self.drop)  # 0.1 for 0.9
            object.__setattr__(self, "drop", None)

    @property
    def p(self) -> float:
        """Return the probability of keeping a unit."""
        assert self.keep is not None
        return self.keep

    def options(self) -> dict[str, Any]:
        return {"p": self.p}

    def arguments(self, params: Mapping[str, Array], param_dict: dict[str, Any]) -> tuple[Any, ...]:  # noqa: ARG002
        return (param_dict,)


@dataclass(frozen=True, kw_only=True)
class Dropout(_Dropping):
    """Inverted dropout: training keeps a unit with probability `keep` and divides by it (Srivastava et al. 2014).

    A bare number is refused: in the courses it is the share that stays, in most other programs the one that goes.
    """

    kind = "dropout"
    pair: ClassVar[Pair] = Pair(dropout_forward, dropout_backward)


@dataclass(frozen=True, kw_only=True)
class StochasticDepth(_Dropping):
    """Stochastic depth: training keeps an image with probability `keep` and divides it by that (Huang et al. 2016).

    Put it last in a residual block: of an image that is dropped there the shortcut alone is left.
    """

    kind = "stochastic_depth"
    pair: ClassVar[Pair] = Pair(stochastic_depth_forward, stochastic_depth_backward)

    def drawn(self, shape: Shape) -> Shape:  # noqa: ARG002
        return ()
