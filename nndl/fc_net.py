"""The courses' fully-connected models, written out by hand.

A model has `.params` (name -> array; entries may be replaced from outside), `.reg`, and loss(X) -> scores or
loss(X, y) -> (loss, grads). The layers are exported from here too: notebooks import everything from this module.
Initial weights come from NumPy's global state, which notebooks seed with np.random.seed.
"""

import itertools
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nndl.layer_utils import *  # noqa: F403
from nndl.layers import *  # noqa: F403
from nndl.layers import (
    Array,
    affine_backward,
    affine_forward,
    batchnorm_backward,
    batchnorm_forward,
    dropout_backward,
    dropout_forward,
    layernorm_backward,
    layernorm_forward,
    relu_backward,
    relu_forward,
    softmax_loss,
)

Arrays = dict[str, Array]


def normal_weights(shape: tuple[int, ...], weight_scale: float) -> Array:
    """Draw weights from a normal distribution of standard deviation weight_scale."""
    return weight_scale * np.random.standard_normal(shape)  # noqa: NPY002


def add_l2(loss: Any, grads: Arrays, params: Arrays, reg: float) -> Any:
    """Return the loss plus reg / 2 * sum(W^2) over all weights W1, W2, ...; add its gradient to `grads` in place."""
    for name, W in params.items():
        if name.startswith("W"):
            loss += 0.5 * reg * np.sum(W * W)
            grads[name] += reg * W
    return loss


class TwoLayerNet:
    """affine - relu - affine - softmax.

    params: W1 (input_dim, hidden_dims), b1, W2 (hidden_dims, num_classes), b2; float64.
    """

    def __init__(
        self,
        input_dim: int = 3 * 32 * 32,
        hidden_dims: int = 100,
        num_classes: int = 10,
        dropout: float = 0,
        weight_scale: float = 1e-3,
        reg: float = 0.0,
    ) -> None:
        """Draw weights of standard deviation weight_scale. reg: strength of L2. dropout: not used."""
        del dropout
        self.reg = reg
        self.params: Arrays = {
            "W1": normal_weights((input_dim, hidden_dims), weight_scale),
            "b1": np.zeros(hidden_dims),
            "W2": normal_weights((hidden_dims, num_classes), weight_scale),
            "b2": np.zeros(num_classes),
        }

    def loss(self, X: Array, y: Array | None = None) -> Any:
        """X (N, d_1, ..., d_k), y (N,) int -> (loss, grads); without y -> scores (N, num_classes)."""
        p = self.params
        a, affine1_cache = affine_forward(X, p["W1"], p["b1"])
        h, relu_cache = relu_forward(a)
        scores, affine2_cache = affine_forward(h, p["W2"], p["b2"])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        grads: Arrays = {}
        dh, grads["W2"], grads["b2"] = affine_backward(dscores, affine2_cache)
        _, grads["W1"], grads["b1"] = affine_backward(relu_backward(dh, relu_cache), affine1_cache)
        return add_l2(loss, grads, p, self.reg), grads


class FullyConnectedNet:
    """{affine - [batch or layer norm] - relu - [dropout]} x (L - 1) - affine - softmax.

    params: W1, b1, ..., WL, bL, and gamma1, beta1, ... of the L - 1 normalisations; all of dtype.
    """

    def __init__(
        self,
        hidden_dims: list[int],
        input_dim: int = 3 * 32 * 32,
        num_classes: int = 10,
        dropout: float = 0,
        use_batchnorm: bool = False,
        reg: float = 0.0,
        weight_scale: float = 1e-2,
        dtype: DTypeLike = np.float32,
        seed: int | None = None,
        normalization: str | None = None,
    ) -> None:
        """Draw the weights of layers of the sizes hidden_dims.

        dropout: probability of KEEPING a unit; 0 and 1 both mean no dropout. seed: draws the same masks at each call.
        normalization: "batchnorm", "layernorm" or None; use_batchnorm=True is another way to say "batchnorm".
        reg: strength of L2. weight_scale: standard deviation of the initial weights.
        Raises ValueError for any other normalization.
        """
        if normalization not in (None, "batchnorm", "layernorm"):
            raise ValueError(f"normalization is 'batchnorm', 'layernorm' or None, not {normalization!r}")
        self.normalization = "batchnorm" if use_batchnorm else normalization
        self.use_batchnorm = self.normalization == "batchnorm"
        self.use_dropout = 0 < dropout < 1
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = np.dtype(dtype)
        self.params = _initial_params([input_dim, *hidden_dims, num_classes], weight_scale, self.normalization)
        for name, value in self.params.items():
            self.params[name] = value.astype(dtype)
        self.dropout_param: dict[str, Any] = {"mode": "train", "p": dropout, "seed": seed} if self.use_dropout else {}
        hidden_layers = range(self.num_layers - 1)
        self.bn_params: list[dict[str, Any]] = [{"mode": "train"} for _ in hidden_layers] if self.normalization else []

    def loss(self, X: Array, y: Array | None = None) -> Any:
        """X (N, d_1, ..., d_k), y (N,) int -> (loss, grads); without y -> scores (N, num_classes), in test mode."""
        mode = "test" if y is None else "train"
        for param in (self.dropout_param, *self.bn_params):
            param["mode"] = mode
        h, caches = X.astype(self.dtype), []
        for layer in range(1, self.num_layers):
            h, cache = self._hidden_forward(h, layer)
            caches.append(cache)
        last = self.num_layers
        scores, last_cache = affine_forward(h, self.params[f"W{last}"], self.params[f"b{last}"])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        grads: Arrays = {}
        dh, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dscores, last_cache)
        for layer in reversed(range(1, last)):
            dh = self._hidden_backward(dh, layer, caches[layer - 1], grads)
        return add_l2(loss, grads, self.params, self.reg), grads

    def _hidden_forward(self, h: Array, layer: int) -> tuple[Array, Any]:
        p, norm_cache, dropout_cache = self.params, None, None
        h, affine_cache = affine_forward(h, p[f"W{layer}"], p[f"b{layer}"])
        if self.normalization:
            normalise = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward
            h, norm_cache = normalise(h, p[f"gamma{layer}"], p[f"beta{layer}"], self.bn_params[layer - 1])
        h, relu_cache = relu_forward(h)
        if self.use_dropout:
            h, dropout_cache = dropout_forward(h, self.dropout_param)
        return h, (affine_cache, norm_cache, relu_cache, dropout_cache)

    def _hidden_backward(self, dh: Array, layer: int, cache: Any, grads: Arrays) -> Array:
        """Return the gradient of the layer's input; those of its parameters go into `grads`."""
        affine_cache, norm_cache, relu_cache, dropout_cache = cache
        if self.use_dropout:
            dh = dropout_backward(dh, dropout_cache)
        dh = relu_backward(dh, relu_cache)
        if self.normalization:
            normalise_backward = batchnorm_backward if self.normalization == "batchnorm" else layernorm_backward
            dh, grads[f"gamma{layer}"], grads[f"beta{layer}"] = normalise_backward(dh, norm_cache)
        dh, grads[f"W{layer}"], grads[f"b{layer}"] = affine_backward(dh, affine_cache)
        return dh


def _initial_params(dims: list[int], weight_scale: float, normalization: str | None) -> Arrays:
    params: Arrays = {}
    for layer, shape in enumerate(itertools.pairwise(dims), start=1):
        params[f"W{layer}"], params[f"b{layer}"] = normal_weights(shape, weight_scale), np.zeros(shape[1])
        if normalization and layer < len(dims) - 1:
            params[f"gamma{layer}"], params[f"beta{layer}"] = np.ones(shape[1]), np.zeros(shape[1])
    return params
