"""Sums over a batch for each channel, by the compiled kernels: float64 from float32."""

import numpy as np

from nndl.engines.compiled.bindings import kernels
from nndl.engines.compiled.kinds import IDENTITY, Act
from nndl.net.types import Array


def moments(x: Array, pivot: Array | None = None) -> Array:
    """Sum x (..., C) less a pivot (C,), float32, if there is one, and the square of that: (2, C)."""
    pivot = _repeated(0, x) if pivot is None else pivot
    return _norm_sums(x, pivot, None, None, None, IDENTITY)


def gradient_sums(
    x: Array,
    dout: Array,
    act: Act,
    mean: Array | None = None,
    scale: Array | None = None,
    shift: Array | None = None,
) -> Array:
    """Sum g and g (x - mean), with g = dout act'(scale (x - mean) + shift): x, dout (..., C) -> (2, C).

    mean, scale, shift: (C,) float32; without them act's argument is x.
    """
    mean, shift = (_repeated(0, x) if v is None else v for v in (mean, shift))
    scale = _repeated(1, x) if scale is None else scale
    return _norm_sums(x, mean, dout, scale, shift, act)


def _norm_sums(x: Array, mean: Array, dout: Array | None, scale: Array | None, shift: Array | None, act: Act) -> Array:
    C = x.shape[-1]
    sums = np.empty((2, C))
    kernels().norm_sums(x.size // C, C, x, mean, dout, scale, shift, *act, sums)
    return sums


def _repeated(number: float, x: Array) -> Array:
    """Repeat `number` for each channel of x (..., C)."""
    return np.full(x.shape[-1], number, np.float32)
