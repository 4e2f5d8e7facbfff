"""Stochastic depth, as a pair of functions."""

from typing import Any

import numpy as np

from nndl.layers import Array, as_floats, dropout_forward


def stochastic_depth_forward(x: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
    """Stochastic depth (Huang et al. 2016): dropout of whole examples.  x (N, ...) -> out in x's shape.

    dropout_param as for dropout_forward; p is the probability of keeping an example. At the end of a residual block's
    layers it leaves the shortcut alone of the others.
    """
    x = as_floats(x)
    kept, _ = dropout_forward(np.ones(len(x), x.dtype), dropout_param)
    kept = kept.reshape(-1, *[1] * (x.ndim - 1))
    return x * kept, kept


def stochastic_depth_backward(dout: Array, cache: Any) -> Array:
    """The gradient passes for the examples that were kept, times 1 / p."""
    kept = cache
    return as_floats(dout, "dout") * kept
