"""The hinge loss of assignment 1, of weights W (D, C), with loops and without."""

from cs231n.classifiers.linear_loss import Loss, over_batch, over_examples
from nndl.layers import Array, svm_loss
from nndl.svm import example_loss

__all__ = ["svm_loss_naive", "svm_loss_vectorized"]


def svm_loss_naive(W: Array, X: Array, y: Array, reg: float) -> Loss:
    """X (N, D), y (N,) -> (mean loss + reg * sum(W^2), dW (D, C)), example by example."""
    return over_examples(example_loss, W, X, y, reg)


def svm_loss_vectorized(W: Array, X: Array, y: Array, reg: float) -> Loss:
    """The same without a loop."""
    return over_batch(svm_loss, W, X, y, reg)
