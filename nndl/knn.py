"""The k-nearest-neighbour classifier of ECE C147 homework 2."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["KNN"]

Array = NDArray[Any]


class KNN:
    """An image belongs to the class most common among the k training images nearest to it."""

    def train(self, X: Array, y: Array) -> None:
        """Remember X (N, D) and its labels y (N,)."""
        self.X_train, self.y_train = X, y

    def compute_distances(self, X: Array, norm: Callable[[Array], Any] | None = None) -> Array:
        """X (M, D) -> distances (M, N) to the training images: norm of the difference, the 2-norm by default."""
        norm = norm or (lambda x: np.sqrt(np.sum(x**2)))
        dists = np.zeros((len(X), len(self.X_train)))
        for i, x in enumerate(X):
            for j, neighbour in enumerate(self.X_train):
                dists[i, j] = norm(x - neighbour)
        return dists

    def compute_L2_distances_vectorized(self, X: Array) -> Array:  # noqa: N802  (the course's name)
        """The 2-norm without loops: |a - b|^2 = |a|^2 - 2 a.b + |b|^2."""
        squares = (X**2).sum(axis=1)[:, np.newaxis] - 2 * X @ self.X_train.T + (self.X_train**2).sum(axis=1)
        return np.asarray(np.sqrt(np.maximum(squares, 0)))  # rounding can leave a zero just below zero

    def predict_labels(self, dists: Array, k: int = 1) -> Array:
        """dists (M, N) -> labels (M,); of classes equally common the smaller number is taken."""
        nearest = np.argsort(dists, axis=1, kind="stable")[:, :k]
        return np.array([np.bincount(votes).argmax() for votes in self.y_train[nearest]])
