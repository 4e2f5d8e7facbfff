"""Activations: one number in, one number out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge

from nndl.layers import (
    gelu_backward,
    gelu_forward,
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
    silu_backward,
    silu_forward,
)
from nndl.net.layer import Layer, Pair
from nndl.net.types import Array


@dataclass(frozen=True, kw_only=True)
class Relu(Layer):
    """ReLU: max(0, x)."""

    kind = "relu"
    pair: ClassVar[Pair] = Pair(relu_forward, relu_backward)


@dataclass(frozen=True, kw_only=True)
class LeakyRelu(Layer):
    """Leaky ReLU: x where positive, negative_slope * x elsewhere."""

    kind = "leaky_relu"
    shorthand = "negative_slope"
    pair: ClassVar[Pair] = Pair(leaky_relu_forward, leaky_relu_backward)

    negative_slope: Annotated[float, Ge(0)] = 0.01
    """Slope for negative x."""

    def arguments(self, params: Mapping[str, Array], param_dict: dict[str, Any]) -> tuple[Any, ...]:  # noqa: ARG002
        return (self.negative_slope,)


@dataclass(frozen=True, kw_only=True)
class Gelu(Layer):
    """GELU: x times the normal distribution function of x, in its tanh form (Hendrycks and Gimpel 2016)."""

    kind = "gelu"
    pair: ClassVar[Pair] = Pair(gelu_forward, gelu_backward)


@dataclass(frozen=True, kw_only=True)
class Silu(Layer):
    """SiLU: x times the logistic function of x."""

    kind = "silu"
    pair: ClassVar[Pair] = Pair(silu_forward, silu_backward)
