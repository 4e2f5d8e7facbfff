"""The k-nearest-neighbour classifier of ECE C147 homework 2."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.layers import as_floats, as_labels

__all__ = ["KNN"]

Array = NDArray[Any]


class KNN:
    """An image belongs to the class most common among the k training images nearest to it."""

    def train(self, X: Array, y: Array) -> None:
        """Remember X (N, D) and its labels y (N,) int. Raises ValueError for labels of another shape or type."""
        self.X_train, self.y_train = as_floats(X, "X"), as_labels(y, X.shape[:1])

    def compute_distances(self, X: Array, norm: Callable[[Array], Any] | None = None) -> Array:
        """X (M, D) -> distances (M, N) to the training images: norm of the difference, the 2-norm by default."""
        X, norm = as_floats(X, "X"), norm or (lambda x: np.sqrt(np.sum(x**2)))
        dists = np.zeros((len(X), len(self.X_train)))
        for i, x in enumerate(X):
            for j, neighbour in enumerate(self.X_train):
                dists[i, j] = norm(x - neighbour)
        return dists

    def compute_L2_distances_vectorized(self, X: Array) -> Array:  # noqa: N802  (the course's name)
        """The 2-norm without loops: |a - b|^2 = |a|^2 - 2 a.b + |b|^2."""
        X = as_floats(X, "X")
        squares = (X**2).sum(axis=1)[:, np.newaxis] - 2 * X @ self.X_train.T + (self.X_train**2).sum(axis=1)
        return np.asarray(np.sqrt(np.maximum(squares, 0)))  # rounding can leave a zero just below zero

    def predict_labels(self, dists: Array, k: int = 1) -> Array:
        """dists (M, N) -> labels (M,); of classes equally common the smaller number is taken.

        Raises ValueError unless k is a whole number from 1 on.
        """
        if not (isinstance(k, int | np.integer) and k >= 1):
            raise ValueError(f"k, the number of neighbours that vote, is a whole number from 1 on, not {k!r}")
        nearest = np.argsort(dists, axis=1, kind="stable")[:, :k]
        return np.array([np.bincount(votes).argmax() for votes in self.y_train[nearest]])
