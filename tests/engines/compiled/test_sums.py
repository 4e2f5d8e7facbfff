"""Sums for each channel are NumPy's in float64."""

import numpy as np
import pytest

from nndl.check.subject import Subject
from nndl.engines.compiled import COMPILED, abi
from nndl.engines.compiled.kinds import IDENTITY, RELU, Act
from nndl.engines.compiled.sums import gradient_sums, moments
from nndl.engines.vectorized import VECTORIZED
from nndl.layers import gelu_backward, gelu_forward
from nndl.net.catalog.norm import GroupNorm
from nndl.net.types import Array


def numbers(*shape: int) -> Array:
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32)


def test_moments_with_and_without_a_pivot() -> None:
    x = numbers(5, 6, 7, 19)
    pivot = numbers(19)
    exact = x.astype(np.float64).reshape(-1, 19)
    np.testing.assert_allclose(moments(x), [exact.sum(axis=0), (exact**2).sum(axis=0)], rtol=1e-5, atol=1e-4)
    centred = exact - pivot
    np.testing.assert_allclose(moments(x, pivot), [centred.sum(axis=0), (centred**2).sum(axis=0)], rtol=1e-5, atol=1e-4)


def test_group_norm_of_large_images_is_as_right_as_of_small_ones() -> None:
    """Far from zero, where a mean that is off shows: one sum over all pixels errs by 4e-3."""
    layers = (GroupNorm(groups=2),)
    x = numbers(1, 4, 200, 200) + np.float32(1000)
    bench = Subject(layers, x.shape[1:], COMPILED, dtype="float32").bench()
    exact = Subject(layers, x.shape[1:], VECTORIZED).bench()
    exact.copy_values(bench)
    wanted = exact.forward(x.astype(np.float64))
    np.testing.assert_allclose(bench.forward(x), wanted, rtol=0, atol=2e-4)
    dout = numbers(*wanted.shape)
    gradients = exact.backward(dout.astype(np.float64))
    for name, value in bench.backward(dout).items():
        np.testing.assert_allclose(value, gradients[name], rtol=0, atol=5e-4 * np.abs(gradients[name]).max())


GELU = Act(abi.GELU)
LEAKY = Act(abi.LEAKY_RELU, 0.25)


@pytest.mark.parametrize("act", [IDENTITY, RELU, GELU, LEAKY])
def test_gradient_sums(act: Act) -> None:
    x, dout, line = numbers(40, 19), numbers(40, 19)[::-1].copy(), numbers(3, 19)
    for mean, scale, shift in (tuple(line), (None, None, None)):
        centred = x - (0 if mean is None else mean.astype(np.float64))
        u = centred * (1 if scale is None else scale) + (0 if shift is None else shift)
        gelu = gelu_backward(np.ones_like(u), gelu_forward(u)[1])
        slope = {IDENTITY: 1.0, RELU: u > 0, GELU: gelu, LEAKY: np.where(u > 0, 1, 0.25)}[act]
        g = dout * slope
        sums = gradient_sums(x, dout, act, mean, scale, shift)
        np.testing.assert_allclose(sums, [g.sum(axis=0), (g * centred).sum(axis=0)], rtol=1e-5, atol=1e-4)
