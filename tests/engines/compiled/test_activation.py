"""The kernels' exponential, through the activations that use it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nndl.engines.compiled import abi, bindings
from nndl.engines.compiled.abi import SILU
from nndl.engines.compiled.bindings import kernels
from nndl.net.catalog.activation import (
    Elu,
    Gelu,
    HardSigmoid,
    HardSwish,
    LeakyRelu,
    Relu,
    Relu6,
    Sigmoid,
    Silu,
    Tanh,
)
from nndl.net.layer import Layer
from tests.engines.compiled.variants import runnable

ALPHA = 0.3


def _pair(layer: Layer, parameter: float = 0.0) -> tuple[Callable[..., Any], Callable[..., Any], float]:
    options = layer.arguments({}, {})
    return lambda x: layer.pair.forward(x, *options), layer.pair.backward, parameter


PAIRS = {
    abi.RELU: _pair(Relu()),
    abi.GELU: _pair(Gelu()),
    abi.SILU: _pair(Silu()),
    abi.LEAKY_RELU: _pair(LeakyRelu(negative_slope=ALPHA), ALPHA),
    abi.SIGMOID: _pair(Sigmoid()),
    abi.TANH: _pair(Tanh()),
    abi.ELU: _pair(Elu(alpha=ALPHA), ALPHA),
    abi.RELU6: _pair(Relu6()),
    abi.HARD_SIGMOID: _pair(HardSigmoid()),
    abi.HARD_SWISH: _pair(HardSwish()),
}
"""Forward and backward half of the definition, and the option that the kernel is told."""

UNIT = 2.0**-23
"""One unit in the last place, relative to numbers between 1 and 2."""


@pytest.mark.parametrize("variant", runnable())
@pytest.mark.parametrize("kind", PAIRS)
def test_activations_are_their_definitions(kind: int, variant: str) -> None:
    """As kernels/activation.h states: to 2 units in the last place of x (of 1 for smaller x), the slope to 2 of 1."""
    bindings.use(variant)
    x = np.concatenate([np.linspace(-30, 30, 100_003), np.geomspace(1e-30, 80, 997), [0.0, -0.0]]).astype(np.float32)
    dout = np.ones_like(x)
    out, dx = np.empty_like(x), np.empty_like(x)
    forward, backward, parameter = PAIRS[kind]
    kernels().activation(x.size, x, None, kind, parameter, out)
    kernels().activation(x.size, x, dout, kind, parameter, dx)
    wanted, cache = forward(x.astype(np.float64))
    assert (np.abs(out - wanted) / np.maximum(np.abs(x), 1)).max() <= 2 * UNIT
    assert np.abs(dx - backward(dout.astype(np.float64), cache)).max() <= 2 * UNIT


@pytest.mark.parametrize("variant", runnable())
def test_far_from_zero_nothing_overflows(variant: str) -> None:
    bindings.use(variant)
    x = np.array([-1e30, -1e4, -90, -88, 88, 90, 1e4, 1e30], np.float32)
    out, dx = np.empty_like(x), np.empty_like(x)
    kernels().activation(x.size, x, None, SILU, 0, out)
    kernels().activation(x.size, x, np.ones_like(x), SILU, 0, dx)
    np.testing.assert_allclose(out, np.where(x > 0, x, 0), atol=1e-7)
    np.testing.assert_allclose(dx, x > 0, atol=1e-7)
