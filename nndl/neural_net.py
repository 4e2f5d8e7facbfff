"""The two-layer network of ECE C147 homework 3, which trains itself: before layers become functions of their own."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.layers import as_labels, softmax_loss

Array = NDArray[Any]


class TwoLayerNet:
    """affine - relu - affine - softmax, with L2 regularisation, on vectors.

    params: W1 (hidden_size, input_size), b1, W2 (output_size, hidden_size), b2: one row a unit, x W^T + b.
    """

    def __init__(self, input_size: int, hidden_size: int, output_size: int, std: float = 1e-4) -> None:
        """Draw weights of standard deviation std from NumPy's global state, which notebooks seed."""
        self.params: dict[str, Array] = {
            "W1": std * np.random.randn(hidden_size, input_size),  # noqa: NPY002
            "b1": np.zeros(hidden_size),
            "W2": std * np.random.randn(output_size, hidden_size),  # noqa: NPY002
            "b2": np.zeros(output_size),
        }

    def loss(self, X: Array, y: Array | None = None, reg: float = 0.0) -> Any:
        """X (N, D), y (N,) int -> (loss, grads), with reg / 2 * sum(W^2) in the loss; without y -> scores (N, C)."""
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        hidden = np.maximum(0, X @ W1.T + b1)
        scores = hidden @ W2.T + b2
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        dhidden = (dscores @ W2) * (hidden > 0)
        grads = {
            "W1": dhidden.T @ X + reg * W1,
            "b1": dhidden.sum(axis=0),
            "W2": dscores.T @ hidden + reg * W2,
            "b2": dscores.sum(axis=0),
        }
        return loss, grads

    def train(
        self,
        X: Array,
        y: Array,
        X_val: Array,
        y_val: Array,
        learning_rate: float = 1e-3,
        learning_rate_decay: float = 0.95,
        reg: float = 1e-5,
        num_iters: int = 100,
        batch_size: int = 200,
        verbose: bool = False,
    ) -> dict[str, list[float]]:
        """Train by stochastic gradient descent; the learning rate is multiplied by its decay after each epoch.

        Returns loss_history (one a step), train_acc_history and val_acc_history (one an epoch). Raises ValueError for
        labels y and y_val that are no whole numbers of classes, one for each example.
        """
        classes = len(self.params["b2"])
        y, y_val = as_labels(y, (len(X), classes)), as_labels(y_val, (len(X_val), classes))
        history: dict[str, list[float]] = {"loss_history": [], "train_acc_history": [], "val_acc_history": []}
        steps_per_epoch = max(len(X) // batch_size, 1)
        for step in range(num_iters):
            chosen = np.random.choice(len(X), batch_size)  # noqa: NPY002
            loss, grads = self.loss(X[chosen], y[chosen], reg)
            history["loss_history"].append(loss)
            for name, grad in grads.items():
                self.params[name] -= learning_rate * grad
            if verbose and step % 100 == 0:
                print(f"iteration {step} / {num_iters}: loss {loss}")
            if step % steps_per_epoch == 0:
                history["train_acc_history"].append(float((self.predict(X[chosen]) == y[chosen]).mean()))
                history["val_acc_history"].append(float((self.predict(X_val) == y_val).mean()))
                learning_rate *= learning_rate_decay
        return history

    def predict(self, X: Array) -> Array:
        """X (N, D) -> the class of largest score for each (N,)."""
        return np.asarray(self.loss(X).argmax(axis=1))
