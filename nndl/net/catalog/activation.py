"""Activations: one number in, one number out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge

from nndl.activations import (
    elu_backward,
    elu_forward,
    hard_sigmoid_backward,
    hard_sigmoid_forward,
    hard_swish_backward,
    hard_swish_forward,
    prelu_backward,
    prelu_forward,
    relu6_backward,
    relu6_forward,
    sigmoid_backward,
    sigmoid_forward,
    tanh_backward,
    tanh_forward,
)
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
from nndl.net.types import Array, Shape, Streams


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


@dataclass(frozen=True, kw_only=True)
class Sigmoid(Layer):
    """Logistic sigmoid: 1 / (1 + exp(-x))."""

    kind = "sigmoid"
    pair: ClassVar[Pair] = Pair(sigmoid_forward, sigmoid_backward)


@dataclass(frozen=True, kw_only=True)
class Tanh(Layer):
    """Hyperbolic tangent."""

    kind = "tanh"
    pair: ClassVar[Pair] = Pair(tanh_forward, tanh_backward)


@dataclass(frozen=True, kw_only=True)
class Elu(Layer):
    """ELU: x where positive, alpha * (exp(x) - 1) elsewhere (Clevert, Unterthiner and Hochreiter 2015)."""

    kind = "elu"
    shorthand = "alpha"
    pair: ClassVar[Pair] = Pair(elu_forward, elu_backward)

    alpha: Annotated[float, Ge(0)] = 1.0
    """The output falls to -alpha for very negative x."""

    def arguments(self, params: Mapping[str, Array], param_dict: dict[str, Any]) -> tuple[Any, ...]:  # noqa: ARG002
        return (self.alpha,)


@dataclass(frozen=True, kw_only=True)
class Relu6(Layer):
    """ReLU6: min(max(0, x), 6) (Sandler et al. 2018)."""

    kind = "relu6"
    pair: ClassVar[Pair] = Pair(relu6_forward, relu6_backward)


@dataclass(frozen=True, kw_only=True)
class HardSigmoid(Layer):
    """Hard sigmoid: min(max(0, x + 3), 6) / 6, a sigmoid of straight lines (Howard et al. 2019)."""

    kind = "hard_sigmoid"
    pair: ClassVar[Pair] = Pair(hard_sigmoid_forward, hard_sigmoid_backward)


@dataclass(frozen=True, kw_only=True)
class HardSwish(Layer):
    """Hard swish: x times its hard sigmoid (Howard et al. 2019)."""

    kind = "hard_swish"
    pair: ClassVar[Pair] = Pair(hard_swish_forward, hard_swish_backward)


@dataclass(frozen=True, kw_only=True)
class Prelu(Layer):
    """PReLU: x where positive, a * x elsewhere, with a slope a for each channel that is learnt (He et al. 2015)."""

    kind = "prelu"
    shorthand = "initial_slope"
    pair: ClassVar[Pair] = Pair(prelu_forward, prelu_backward)
    gradients: ClassVar[tuple[str, ...]] = ("a",)

    initial_slope: float = 0.25
    """The slopes to start from. L2 regularisation leaves them alone: it would make a ReLU of it."""

    def initial_params(self, shape: Shape, random: Streams) -> dict[str, Array]:  # noqa: ARG002
        return {"a": np.full(shape[0], self.initial_slope)}

    def arguments(self, params: Mapping[str, Array], param_dict: dict[str, Any]) -> tuple[Any, ...]:  # noqa: ARG002
        return (params["a"],)
