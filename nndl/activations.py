"""The definitions: activations beyond the courses', each a forward/backward pair as in `nndl.layers`."""

from typing import Any

import numpy as np

from nndl.layers import Array, as_floats


def sigmoid_forward(x: Array) -> tuple[Array, Any]:
    """Logistic sigmoid: out = 1 / (1 + exp(-x)), any shape.

    For x < 0 it is written exp(x) / (1 + exp(x)): the same number, and neither exp can overflow.
    """
    x = as_floats(x)
    e = np.exp(-np.abs(x))
    out = np.where(x < 0, e, 1) / (1 + e)
    return out, out


def sigmoid_backward(dout: Array, cache: Any) -> Array:
    """The slope is out (1 - out)."""
    dout = as_floats(dout, "dout")
    out = cache
    return dout * out * (1 - out)


def tanh_forward(x: Array) -> tuple[Array, Any]:
    """Hyperbolic tangent: out = tanh(x), any shape."""
    out = np.tanh(as_floats(x))
    return out, out


def tanh_backward(dout: Array, cache: Any) -> Array:
    """The slope is 1 - out^2."""
    dout = as_floats(dout, "dout")
    out = cache
    return dout * (1 - out**2)


def elu_forward(x: Array, alpha: float = 1.0) -> tuple[Array, Any]:
    """ELU: out = x where x > 0, alpha (exp(x) - 1) elsewhere, any shape (Clevert, Unterthiner and Hochreiter 2015)."""
    x = as_floats(x)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))), (x, alpha)


def elu_backward(dout: Array, cache: Any) -> Array:
    """The slope is 1 where x > 0, alpha exp(x) elsewhere."""
    dout = as_floats(dout, "dout")
    x, alpha = cache
    return np.where(x > 0, dout, dout * alpha * np.exp(np.minimum(x, 0)))


def relu6_forward(x: Array) -> tuple[Array, Any]:
    """ReLU6: out = min(max(0, x), 6), any shape (MobileNetV2: Sandler et al. 2018)."""
    x = as_floats(x)
    return np.minimum(np.maximum(x, 0), 6), x


def relu6_backward(dout: Array, cache: Any) -> Array:
    """The gradient passes where 0 < x < 6."""
    dout = as_floats(dout, "dout")
    x = cache
    return dout * ((x > 0) & (x < 6))


def hard_sigmoid_forward(x: Array) -> tuple[Array, Any]:
    """Hard sigmoid: out = min(max(0, x + 3), 6) / 6, any shape (MobileNetV3: Howard et al. 2019)."""
    x = as_floats(x)
    return np.minimum(np.maximum(x + 3, 0), 6) / 6, x


def hard_sigmoid_backward(dout: Array, cache: Any) -> Array:
    """The slope is 1/6 where -3 < x < 3, else 0."""
    dout = as_floats(dout, "dout")
    x = cache
    return dout * ((x > -3) & (x < 3)) / 6


def hard_swish_forward(x: Array) -> tuple[Array, Any]:
    """Hard swish: out = x hard_sigmoid(x), any shape (MobileNetV3: Howard et al. 2019)."""
    x = as_floats(x)
    h, _ = hard_sigmoid_forward(x)
    return x * h, (x, h)


def hard_swish_backward(dout: Array, cache: Any) -> Array:
    """By the product rule: the slope is h + x h', with h' = 1/6 where -3 < x < 3, else 0."""
    dout = as_floats(dout, "dout")
    x, h = cache
    return dout * (h + np.where((x > -3) & (x < 3), x, 0) / 6)


def prelu_forward(x: Array, a: Array) -> tuple[Array, Any]:
    """PReLU: out = max(0, x) + a min(0, x) with a learnt slope for each channel (He et al. 2015).

    x (N, C, ...), a (C,) -> out in x's shape.
    """
    x, a = as_floats(x), as_floats(a, "a")
    slope = a.reshape(-1, *[1] * (x.ndim - 2))
    return np.where(x > 0, x, slope * x), (x, slope)


def prelu_backward(dout: Array, cache: Any) -> tuple[Array, Array]:
    """dout in x's shape -> dx, da (C,): a channel's slope collects dout x from all its x < 0."""
    dout = as_floats(dout, "dout")
    x, slope = cache
    dx = np.where(x > 0, dout, slope * dout)
    da = (dout * np.minimum(x, 0)).sum(axis=(0, *range(2, x.ndim)))
    return dx, da
