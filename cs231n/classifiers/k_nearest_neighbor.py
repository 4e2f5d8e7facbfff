"""The k-nearest-neighbour classifier of assignment 1: nndl.knn with CS231n's names."""

import numpy as np

from nndl.knn import KNN, Array
from nndl.layers import as_floats

__all__ = ["KNearestNeighbor"]


class KNearestNeighbor(KNN):
    """An image belongs to the class most common among the k training images nearest to it, by the 2-norm."""

    def predict(self, X: Array, k: int = 1, num_loops: int = 0) -> Array:
        """X (M, D) -> labels (M,), from distances computed with num_loops (0, 1 or 2) loops."""
        ways = (self.compute_distances_no_loops, self.compute_distances_one_loop, self.compute_distances_two_loops)
        if num_loops not in range(len(ways)):
            raise ValueError(f"num_loops is 0, 1 or 2, not {num_loops}")
        return self.predict_labels(ways[num_loops](X), k)

    def compute_distances_two_loops(self, X: Array) -> Array:
        """X (M, D) -> distances (M, N) to the training images, pair by pair."""
        return self.compute_distances(X)

    def compute_distances_one_loop(self, X: Array) -> Array:
        """The same, a row at a time."""
        X = as_floats(X, "X")
        return np.array([np.sqrt(np.sum((self.X_train - x) ** 2, axis=1)) for x in X])

    def compute_distances_no_loops(self, X: Array) -> Array:
        """The same without a loop: |a - b|^2 = |a|^2 - 2 a.b + |b|^2."""
        return self.compute_L2_distances_vectorized(X)
