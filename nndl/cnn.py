"""The courses' convolutional model, written out by hand. The layers are exported from here too, as notebooks expect."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nndl.conv_layer_utils import *  # noqa: F403
from nndl.conv_layer_utils import (
    conv_bn_relu_pool_backward,
    conv_bn_relu_pool_forward,
    conv_relu_pool_backward,
    conv_relu_pool_forward,
)
from nndl.conv_layers import *  # noqa: F403
from nndl.fast_layers import *  # noqa: F403
from nndl.fc_net import add_l2, normal_weights
from nndl.layer_utils import *  # noqa: F403
from nndl.layer_utils import (
    affine_batchnorm_relu_backward,
    affine_batchnorm_relu_forward,
    affine_relu_backward,
    affine_relu_forward,
)
from nndl.layers import *  # noqa: F403
from nndl.layers import Array, affine_backward, affine_forward, softmax_loss

Arrays = dict[str, Array]

POOL = {"pool_height": 2, "pool_width": 2, "stride": 2}


class ThreeLayerConvNet:
    """conv - [batch norm] - relu - 2x2 max pool - affine - [batch norm] - relu - affine - softmax.

    Convolution keeps height and width (filter_size is odd). params, of dtype: W1 (num_filters, C, filter_size,
    filter_size), b1, W2 (num_filters * H/2 * W/2, hidden_dim), b2, W3 (hidden_dim, num_classes), b3; and with batch
    norm gamma1, beta1 (num_filters,), gamma2, beta2 (hidden_dim,).
    """

    def __init__(
        self,
        input_dim: tuple[int, int, int] = (3, 32, 32),
        num_filters: int = 32,
        filter_size: int = 7,
        hidden_dim: int = 100,
        num_classes: int = 10,
        weight_scale: float = 1e-3,
        reg: float = 0.0,
        dtype: DTypeLike = np.float32,
        use_batchnorm: bool = False,
    ) -> None:
        """input_dim: (C, H, W). weight_scale: standard deviation of the initial weights. reg: strength of L2."""
        self.reg = reg
        self.dtype = np.dtype(dtype)
        self.use_batchnorm = use_batchnorm
        C, H, W = input_dim
        pooled = num_filters * (H // 2) * (W // 2)
        self.params: Arrays = {
            "W1": normal_weights((num_filters, C, filter_size, filter_size), weight_scale),
            "b1": np.zeros(num_filters),
            "W2": normal_weights((pooled, hidden_dim), weight_scale),
            "b2": np.zeros(hidden_dim),
            "W3": normal_weights((hidden_dim, num_classes), weight_scale),
            "b3": np.zeros(num_classes),
        }
        if use_batchnorm:
            for layer, size in ((1, num_filters), (2, hidden_dim)):
                self.params[f"gamma{layer}"], self.params[f"beta{layer}"] = np.ones(size), np.zeros(size)
        self.params = {name: value.astype(dtype) for name, value in self.params.items()}
        self.bn_params: list[dict[str, Any]] = [{"mode": "train"} for _ in range(2)] if use_batchnorm else []

    def loss(self, X: Array, y: Array | None = None) -> Any:
        """X (N, C, H, W), y (N,) int -> (loss, grads); without y -> scores (N, num_classes), in test mode."""
        for bn_param in self.bn_params:
            bn_param["mode"] = "test" if y is None else "train"
        X = X.astype(self.dtype)
        images, conv_cache = self._conv_forward(X)
        hidden, affine_cache = self._affine_forward(images)
        scores, scores_cache = affine_forward(hidden, self.params["W3"], self.params["b3"])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        grads: Arrays = {}
        dhidden, grads["W3"], grads["b3"] = affine_backward(dscores, scores_cache)
        if self.use_batchnorm:
            dimages, *second = affine_batchnorm_relu_backward(dhidden, affine_cache)
            _, *first = conv_bn_relu_pool_backward(dimages, conv_cache)
        else:
            dimages, *second = affine_relu_backward(dhidden, affine_cache)
            _, *first = conv_relu_pool_backward(dimages, conv_cache)
        for layer, found in ((1, first), (2, second)):
            named = zip(("W", "b", "gamma", "beta"), found, strict=False)
            grads |= {f"{name}{layer}": grad for name, grad in named if grad is not None}
        return add_l2(loss, grads, self.params, self.reg), grads

    def _conv_forward(self, X: Array) -> tuple[Array, Any]:
        W, b = self.params["W1"], self.params["b1"]
        conv_param = {"stride": 1, "pad": (W.shape[2] - 1) // 2}
        if self.use_batchnorm:
            gamma, beta = self.params["gamma1"], self.params["beta1"]
            return conv_bn_relu_pool_forward(X, W, b, gamma, beta, conv_param, self.bn_params[0], POOL)
        return conv_relu_pool_forward(X, W, b, conv_param, POOL)

    def _affine_forward(self, images: Array) -> tuple[Array, Any]:
        W, b = self.params["W2"], self.params["b2"]
        if self.use_batchnorm:
            gamma, beta = self.params["gamma2"], self.params["beta2"]
            return affine_batchnorm_relu_forward(images, W, b, gamma, beta, self.bn_params[1])
        return affine_relu_forward(images, W, b)
