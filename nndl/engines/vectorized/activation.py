"""Activations: piece by piece through the cache, keeping the slope instead of x."""

from collections.abc import Callable
from functools import partial

import numpy as np

from nndl.engines.shared.layout import channels_first, channels_last
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import Workspace, scratch, zeros
from nndl.layers import GELU_CUBIC, GELU_SCALE
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
from nndl.net.contract import Lowered, Lowering, Site
from nndl.net.layer import Layer
from nndl.net.types import Array

Activation = Callable[[Array, Array, Array | None], None]
"""activation(x, out, slope): write out = f(x) and, where asked for, slope = f'(x)."""

PIECE = 65_536
"""Numbers computed at a time: they stay in the cache with what is between, and the calls cost little beside them."""


def relu(x: Array, out: Array, slope: Array | None) -> None:
    """Compute max(0, x); the slope is 1 where x > 0."""
    zero = zeros(x.shape, x.dtype)  # NumPy's maximum of an array and a number is four times slower than of two arrays
    np.maximum(x, zero, out=out)
    if slope is not None:
        np.greater(x, zero, out=slope)


def leaky_relu(negative_slope: float, x: Array, out: Array, slope: Array | None) -> None:
    """Compute x where positive, negative_slope * x elsewhere."""
    slope = scratch("slope", x.shape, x.dtype) if slope is None else slope
    np.greater(x, 0, out=slope, casting="unsafe")
    np.multiply(slope, 1 - negative_slope, out=slope)
    np.add(slope, negative_slope, out=slope)
    np.multiply(x, slope, out=out)


def gelu(x: Array, out: Array, slope: Array | None) -> None:
    """Compute x/2 (1 + t) with t = tanh(u), u = sqrt(2/pi) (x + 0.044715 x^3)."""
    square, t = scratch("square", x.shape, x.dtype), scratch("t", x.shape, x.dtype)
    np.multiply(x, x, out=square)
    np.multiply(square, GELU_SCALE * GELU_CUBIC, out=t)
    np.add(t, GELU_SCALE, out=t)
    np.multiply(t, x, out=t)
    np.tanh(t, out=t)
    if slope is not None:  # (1 + t)/2 + x/2 (1 - t^2) du
        du = np.multiply(square, 3 * GELU_SCALE * GELU_CUBIC, out=square)
        np.add(du, GELU_SCALE, out=du)
        np.multiply(du, x, out=du)
        np.multiply(t, t, out=slope)
        np.subtract(1, slope, out=slope)
        np.multiply(slope, du, out=slope)
        np.add(slope, t, out=slope)
        np.add(slope, 1, out=slope)
        np.multiply(slope, 0.5, out=slope)
    np.add(t, 1, out=t)
    np.multiply(t, x, out=out)
    np.multiply(out, 0.5, out=out)


def silu(x: Array, out: Array, slope: Array | None) -> None:
    """Compute x s with s = (1 + tanh(x/2)) / 2, the logistic function; the slope is s + x s (1 - s)."""
    s = scratch("t", x.shape, x.dtype)
    np.multiply(x, 0.5, out=s)
    np.tanh(s, out=s)
    np.multiply(s, 0.5, out=s)
    np.add(s, 0.5, out=s)
    np.multiply(x, s, out=out)
    if slope is not None:
        np.subtract(1, s, out=slope)
        np.multiply(slope, out, out=slope)
        np.add(slope, s, out=slope)


def sigmoid(x: Array, out: Array, slope: Array | None) -> None:
    """Compute 1 / (1 + exp(-x)), below 0 as exp(x) / (1 + exp(x)); the slope is out (1 - out)."""
    e = scratch("t", x.shape, x.dtype)
    np.abs(x, out=e)
    np.negative(e, out=e)
    np.exp(e, out=e)
    np.add(e, 1, out=e)
    np.minimum(x, zeros(x.shape, x.dtype), out=out)
    np.exp(out, out=out)
    np.divide(out, e, out=out)
    if slope is not None:
        np.subtract(1, out, out=slope)
        np.multiply(slope, out, out=slope)


def tanh(x: Array, out: Array, slope: Array | None) -> None:
    """Compute tanh(x); the slope is 1 - out^2."""
    np.tanh(x, out=out)
    if slope is not None:
        np.multiply(out, out, out=slope)
        np.subtract(1, slope, out=slope)


def elu(alpha: float, x: Array, out: Array, slope: Array | None) -> None:
    """Compute max(0, x) + alpha (exp(min(0, x)) - 1); the slope is 1 where x > 0, else alpha exp(x)."""
    zero, e = zeros(x.shape, x.dtype), scratch("t", x.shape, x.dtype)
    np.minimum(x, zero, out=e)
    np.expm1(e, out=e)
    np.multiply(e, alpha, out=e)
    np.maximum(x, zero, out=out)
    np.add(out, e, out=out)
    if slope is not None:
        np.greater(x, zero, out=slope, casting="unsafe")  # copying where a mask says takes several times as long
        np.multiply(slope, 1 - alpha, out=slope)
        np.add(slope, alpha, out=slope)
        np.add(slope, e, out=slope)


def _between(least: float, x: Array, most: float) -> Array:
    """Tell where least < x < most; scratch."""
    above, below = (scratch(name, x.shape, np.bool_) for name in ("above", "below"))
    np.greater(x, least, out=above)
    np.less(x, most, out=below)
    return np.logical_and(above, below, out=above)


def relu6(x: Array, out: Array, slope: Array | None) -> None:
    """Compute min(max(0, x), 6); the slope is 1 where 0 < x < 6."""
    np.clip(x, 0, 6, out=out)
    if slope is not None:
        slope[...] = _between(0, x, 6)


def hard_sigmoid(x: Array, out: Array, slope: Array | None) -> None:
    """Compute min(max(0, x + 3), 6) / 6; the slope is 1/6 where -3 < x < 3."""
    np.add(x, 3, out=out)
    np.clip(out, 0, 6, out=out)
    np.divide(out, 6, out=out)
    if slope is not None:
        np.divide(_between(-3, x, 3), 6, out=slope, dtype=slope.dtype)


def hard_swish(x: Array, out: Array, slope: Array | None) -> None:
    """Compute x h with h = hard_sigmoid(x); the slope is h + x h'."""
    h = scratch("t", x.shape, x.dtype)
    hard_sigmoid(x, h, slope)
    np.multiply(x, h, out=out)
    if slope is not None:
        np.multiply(slope, np.clip(x, -3, 3, out=scratch("bent", x.shape, x.dtype)), out=slope)
        np.add(slope, h, out=slope)


class ActivationStep:
    """An activation in whatever memory order x has."""

    def __init__(self, site: Site, activation: Activation, slope_dtype: type | None = None) -> None:
        self.site = site
        self.activation = activation
        self.slope_dtype = slope_dtype or site.dtype
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        values = self._in_memory_order(x)
        out = self.workspace.array("out", values.shape, x.dtype)
        slope = None
        if self.site.mode == "train":
            slope = self.slope = self.workspace.array("slope", values.shape, self.slope_dtype)

        def compute(piece: slice) -> None:
            self.activation(_flat(values)[piece], _flat(out)[piece], None if slope is None else _flat(slope)[piece])

        _in_pieces(x.size, compute)
        return self._as_given(out)

    def backward(self, dout: Array) -> Array | None:
        if not self.site.needs_dx:
            return None
        values = self._in_memory_order(dout)
        dx = self.workspace.array("dx", values.shape, dout.dtype)

        def compute(piece: slice) -> None:
            np.multiply(_flat(values)[piece], _flat(self.slope)[piece], out=_flat(dx)[piece])

        _in_pieces(dout.size, compute)
        return self._as_given(dx)

    def _in_memory_order(self, x: Array) -> Array:
        return channels_last(x) if self.site.layout == "nhwc" else x

    def _as_given(self, x: Array) -> Array:
        return channels_first(x) if self.site.layout == "nhwc" else x


def _flat(x: Array) -> Array:
    return x.reshape(-1)


def _in_pieces(size: int, compute: Callable[[slice], None]) -> None:
    def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
        for piece in range(start * PIECE, min(stop * PIECE, size), PIECE):
            compute(slice(piece, min(piece + PIECE, size)))

    parallel_for(-(-size // PIECE), work)


def lower_relu(site: Site) -> Lowered:
    return Lowered(ActivationStep(site, relu, np.bool_), None, site.layout)


def lower_relu6(site: Site) -> Lowered:
    return Lowered(ActivationStep(site, relu6, np.bool_), None, site.layout)


def lower_leaky_relu(site: Site) -> Lowered:
    assert isinstance(site.layer, LeakyRelu)
    return Lowered(ActivationStep(site, partial(leaky_relu, site.layer.negative_slope)), None, site.layout)


def lower_elu(site: Site) -> Lowered:
    assert isinstance(site.layer, Elu)
    return Lowered(ActivationStep(site, partial(elu, site.layer.alpha)), None, site.layout)


def _lowering(activation: Activation) -> Lowering:
    """Return the lowering of an activation that has no options."""
    return lambda site: Lowered(ActivationStep(site, activation), None, site.layout)


LOWERINGS: dict[type[Layer], Lowering] = {
    Relu: lower_relu,
    Relu6: lower_relu6,
    LeakyRelu: lower_leaky_relu,
    Elu: lower_elu,
    Gelu: _lowering(gelu),
    Silu: _lowering(silu),
    Sigmoid: _lowering(sigmoid),
    Tanh: _lowering(tanh),
    HardSigmoid: _lowering(hard_sigmoid),
    HardSwish: _lowering(hard_swish),
}
