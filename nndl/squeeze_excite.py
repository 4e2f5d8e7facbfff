"""The definition of squeeze-and-excitation: a gate for each channel of an image, computed from the means of all."""

from typing import Any

import numpy as np

from nndl.activations import hard_sigmoid_backward, hard_sigmoid_forward, sigmoid_backward, sigmoid_forward
from nndl.layers import Array, affine_backward, affine_forward, as_floats, relu_backward, relu_forward

GATES = {
    "sigmoid": (sigmoid_forward, sigmoid_backward),
    "hard_sigmoid": (hard_sigmoid_forward, hard_sigmoid_backward),
}
"""The functions that make a number from 0 to 1 of any."""


def squeeze_excite_forward(
    x: Array, w1: Array, b1: Array, w2: Array, b2: Array, gate: str = "sigmoid"
) -> tuple[Array, Any]:
    """Squeeze-and-excitation (Hu, Shen and Sun 2018): out = x gates, with a number from 0 to 1 for each channel.

    gates = sigmoid(relu(mean(x) w1 + b1) w2 + b2), mean(x) (N, C) over height and width. gate: sigmoid or hard_sigmoid.
    x (N, C, H, W), w1 (C, S), b1 (S,), w2 (S, C), b2 (C,) -> out (N, C, H, W).
    """
    x = as_floats(x)
    gates, cache = excite(x.mean(axis=(2, 3)), w1, b1, w2, b2, gate)
    return x * gates[:, :, np.newaxis, np.newaxis], (x, gates, cache)


def squeeze_excite_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array, Array, Array]:
    """dout (N, C, H, W) -> dx (N, C, H, W), dw1 (C, S), db1 (S,), dw2 (S, C), db2 (C,).

    x is used twice: as what the gates multiply, and in the means that they are computed from.
    """
    dout = as_floats(dout, "dout")
    x, gates, excite_cache = cache
    dgates = (dout * x).sum(axis=(2, 3))
    dmeans, dw1, db1, dw2, db2 = excite_back(dgates, excite_cache)
    H, W = x.shape[2:]
    dx = (dout * gates[:, :, np.newaxis, np.newaxis]) + dmeans[:, :, np.newaxis, np.newaxis] / (H * W)
    return dx, dw1, db1, dw2, db2


def excite(means: Array, w1: Array, b1: Array, w2: Array, b2: Array, gate: str) -> tuple[Array, Any]:
    """means (N, C) -> gates (N, C): affine, relu, affine, and what makes gates of it."""
    a, a_cache = affine_forward(means, w1, b1)
    r, r_cache = relu_forward(a)
    s, s_cache = affine_forward(r, w2, b2)
    gates, gate_cache = GATES[gate][0](s)
    return gates, (a_cache, r_cache, s_cache, gate_cache, gate)


def excite_back(dgates: Array, cache: Any) -> tuple[Array, Array, Array, Array, Array]:
    """dgates (N, C) -> dmeans (N, C), dw1, db1, dw2, db2."""
    a_cache, r_cache, s_cache, gate_cache, gate = cache
    ds = GATES[gate][1](dgates, gate_cache)
    dr, dw2, db2 = affine_backward(ds, s_cache)
    da = relu_backward(dr, r_cache)
    dmeans, dw1, db1 = affine_backward(da, a_cache)
    return dmeans, dw1, db1, dw2, db2
