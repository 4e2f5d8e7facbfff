"""The kernels' exponential, through the activations that use it."""

import numpy as np
import pytest

from nndl.engines.compiled import bindings
from nndl.engines.compiled.abi import GELU, RELU, SILU
from nndl.engines.compiled.bindings import kernels
from nndl.layers import gelu_backward, gelu_forward, relu_backward, relu_forward, silu_backward, silu_forward
from tests.engines.compiled.variants import runnable

PAIRS = {
    RELU: (relu_forward, relu_backward),
    GELU: (gelu_forward, gelu_backward),
    SILU: (silu_forward, silu_backward),
}

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
    kernels().activation(x.size, x, None, kind, out)
    kernels().activation(x.size, x, dout, kind, dx)
    forward, backward = PAIRS[kind]
    wanted, cache = forward(x.astype(np.float64))
    assert (np.abs(out - wanted) / np.maximum(np.abs(x), 1)).max() <= 2 * UNIT
    assert np.abs(dx - backward(dout.astype(np.float64), cache)).max() <= 2 * UNIT


@pytest.mark.parametrize("variant", runnable())
def test_far_from_zero_nothing_overflows(variant: str) -> None:
    bindings.use(variant)
    x = np.array([-1e30, -1e4, -90, -88, 88, 90, 1e4, 1e30], np.float32)
    out, dx = np.empty_like(x), np.empty_like(x)
    kernels().activation(x.size, x, None, SILU, out)
    kernels().activation(x.size, x, np.ones_like(x), SILU, dx)
    np.testing.assert_allclose(out, np.where(x > 0, x, 0), atol=1e-7)
    np.testing.assert_allclose(dx, x > 0, atol=1e-7)
