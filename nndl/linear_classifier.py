"""The base of ECE C147 homework 2's linear classifiers: scores are W x, and W is trained by gradient descent."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.layers import as_floats, as_labels

Array = NDArray[Any]


class LinearClassifier:
    """Scores X W^T, for W (C, D) and X (N, D). A kind of it says what loss the scores of one image, or of many, have.

    Weights and batches are drawn from NumPy's global state, which notebooks seed.
    """

    weight_scale = 1.0
    """Standard deviation of the initial weights."""

    def __init__(self, dims: list[int] | tuple[int, int] = (10, 3073)) -> None:
        """dims: (C, D)."""
        self.init_weights(dims)

    def init_weights(self, dims: list[int] | tuple[int, int]) -> None:
        self.W: Array = self.weight_scale * np.random.normal(size=dims)  # noqa: NPY002

    def example_loss(self, scores: Array, label: int) -> tuple[Any, Array]:
        """scores (C,) of one image -> its loss, and the gradient by the scores (C,)."""
        raise NotImplementedError

    def batch_loss(self, scores: Array, y: Array) -> tuple[Any, Array]:
        """scores (N, C), y (N,) -> mean loss, and the gradient by the scores (N, C)."""
        raise NotImplementedError

    def loss(self, X: Array, y: Array) -> float:
        """Return the mean loss, image by image."""
        X, y = as_floats(X, "X"), as_labels(y, (len(X), len(self.W)))
        return float(np.mean([self.example_loss(self.W @ x, label)[0] for x, label in zip(X, y, strict=True)]))

    def loss_and_grad(self, X: Array, y: Array) -> tuple[float, Array]:
        """Return the mean loss and its gradient by W, image by image."""
        X, y = as_floats(X, "X"), as_labels(y, (len(X), len(self.W)))
        losses, grad = [], np.zeros(self.W.shape)
        for x, label in zip(X, y, strict=True):
            loss, dscores = self.example_loss(self.W @ x, label)
            losses.append(loss)
            grad += np.outer(dscores, x) / len(X)
        return float(np.mean(losses)), grad

    def fast_loss_and_grad(self, X: Array, y: Array) -> tuple[float, Array]:
        """Return the same without a loop."""
        X = as_floats(X, "X")
        loss, dscores = self.batch_loss(X @ self.W.T, y)
        return float(loss), dscores.T @ X

    def grad_check_sparse(self, X: Array, y: Array, your_grad: Array, num_checks: int = 10, h: float = 1e-5) -> None:
        """Compare a gradient by W with the numerical one at random places, and print both."""
        for _ in range(num_checks):
            place = tuple(np.random.randint(size) for size in self.W.shape)  # noqa: NPY002
            old = self.W[place]
            self.W[place] = old + h
            plus = self.loss(X, y)
            self.W[place] = old - h
            minus = self.loss(X, y)
            self.W[place] = old
            numerical, analytic = (plus - minus) / (2 * h), your_grad[place]
            error = abs(numerical - analytic) / max(abs(numerical) + abs(analytic), np.finfo(float).tiny)
            print(f"numerical: {numerical:f} analytic: {analytic:f}, relative error: {error:e}")

    def train(
        self,
        X: Array,
        y: Array,
        learning_rate: float = 1e-3,
        num_iters: int = 100,
        batch_size: int = 200,
        verbose: bool = False,
    ) -> list[float]:
        """Train by stochastic gradient descent from new weights; return the loss of each batch.

        Raises ValueError for labels y that are no whole numbers (N,) from 0 on.
        """
        y = as_labels(y, X.shape[:1])
        self.init_weights((int(y.max()) + 1, X.shape[1]))
        history = []
        for step in range(num_iters):
            chosen = np.random.choice(len(X), batch_size)  # noqa: NPY002
            loss, grad = self.fast_loss_and_grad(X[chosen], y[chosen])
            history.append(loss)
            self.W -= learning_rate * grad
            if verbose and step % 100 == 0:
                print(f"iteration {step} / {num_iters}: loss {loss}")
        return history

    def predict(self, X: Array) -> Array:
        """X (N, D) -> the class of largest score for each (N,)."""
        return np.asarray((X @ self.W.T).argmax(axis=1))
