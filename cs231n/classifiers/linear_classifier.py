"""The linear classifiers of assignment 1: scores X W, and W (D, C) is trained by gradient descent."""

from collections.abc import Callable

import numpy as np

from cs231n.classifiers.linear_loss import Loss
from cs231n.classifiers.linear_svm import svm_loss_vectorized
from cs231n.classifiers.saving import Saved
from cs231n.classifiers.softmax import softmax_loss_vectorized
from nndl.layers import as_labels
from nndl.linear_classifier import Array

__all__ = ["LinearClassifier", "LinearSVM", "Softmax"]


class LinearClassifier(Saved):
    """Base of the linear classifiers, each with its loss; weights and batches are drawn from NumPy's global state."""

    loss_of: Callable[[Array, Array, Array, float], Loss]
    """loss_of(W, X, y, reg) -> (loss, dW)."""

    def __init__(self) -> None:
        self.W: Array | None = None

    @property
    def params(self) -> dict[str, Array]:
        """Return the weights, once there are any, by the name that they are saved under."""
        return {} if self.W is None else {"W": self.W}

    @params.setter
    def params(self, params: dict[str, Array]) -> None:
        self.W = params["W"]

    def loss(self, X_batch: Array, y_batch: Array, reg: float) -> Loss:
        """X (N, D), y (N,) -> (loss, dW)."""
        if self.W is None:
            raise ValueError("the classifier has no weights yet: train it, or set W")
        return type(self).loss_of(self.W, X_batch, y_batch, reg)

    def train(
        self,
        X: Array,
        y: Array,
        learning_rate: float = 1e-3,
        reg: float = 1e-5,
        num_iters: int = 100,
        batch_size: int = 200,
        verbose: bool = False,
    ) -> list[float]:
        """Train by stochastic gradient descent, from new weights if there are none; return the loss of each batch.

        Raises ValueError for labels y that are no whole numbers (N,) from 0 on.
        """
        y = as_labels(y, X.shape[:1])
        if self.W is None:
            self.W = 0.001 * np.random.randn(X.shape[1], int(y.max()) + 1)  # noqa: NPY002
        history = []
        for step in range(num_iters):
            chosen = np.random.choice(len(X), batch_size)  # noqa: NPY002
            loss, dW = self.loss(X[chosen], y[chosen], reg)
            history.append(float(loss))
            self.W = self.W - learning_rate * dW
            if verbose and step % 100 == 0:
                print(f"iteration {step} / {num_iters}: loss {loss:f}")
        return history

    def predict(self, X: Array) -> Array:
        """X (N, D) -> the class of largest score for each (N,)."""
        if self.W is None:
            raise ValueError("the classifier has no weights yet: train it, or set W")
        return np.asarray((X @ self.W).argmax(axis=1))


class LinearSVM(LinearClassifier):
    """Hinge loss."""

    loss_of = staticmethod(svm_loss_vectorized)


class Softmax(LinearClassifier):
    """Cross-entropy."""

    loss_of = staticmethod(softmax_loss_vectorized)
