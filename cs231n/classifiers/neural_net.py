"""The two-layer network of assignment 1 up to 2019: nndl.neural_net, with CS231n's shapes and regularisation."""

from typing import Any

import numpy as np

from nndl import neural_net
from nndl.neural_net import Array

__all__ = ["TwoLayerNet"]


class TwoLayerNet(neural_net.TwoLayerNet):
    """affine - relu - affine - softmax on vectors, with reg * sum(W^2), without a half.

    params: W1 (input_size, hidden_size), b1, W2 (hidden_size, output_size), b2: one column a unit, x W + b.
    """

    def __init__(self, input_size: int, hidden_size: int, output_size: int, std: float = 1e-4) -> None:
        self.params = {
            "W1": std * np.random.randn(input_size, hidden_size),  # noqa: NPY002
            "b1": np.zeros(hidden_size),
            "W2": std * np.random.randn(hidden_size, output_size),  # noqa: NPY002
            "b2": np.zeros(output_size),
        }

    def loss(self, X: Array, y: Array | None = None, reg: float = 0.0) -> Any:
        """X (N, D), y (N,) int -> (loss, grads); without y -> scores (N, C)."""
        turned = neural_net.TwoLayerNet.__new__(neural_net.TwoLayerNet)
        turned.params = {name: value.T for name, value in self.params.items()}
        if y is None:
            return turned.loss(X)
        loss, grads = turned.loss(X, y, 2 * reg)
        return loss, {name: grad.T for name, grad in grads.items()}
