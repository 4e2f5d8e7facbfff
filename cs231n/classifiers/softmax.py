"""The softmax loss of assignment 1, of weights W (D, C), with loops and without."""

from cs231n.classifiers.linear_loss import Loss, over_batch, over_examples
from nndl.layers import Array, softmax_loss
from nndl.softmax import example_loss

__all__ = ["softmax_loss_naive", "softmax_loss_vectorized"]


def softmax_loss_naive(W: Array, X: Array, y: Array, reg: float) -> Loss:
    """X (N, D), y (N,) -> (mean loss + reg * sum(W^2), dW (D, C)), example by example."""
    return over_examples(example_loss, W, X, y, reg)


def softmax_loss_vectorized(W: Array, X: Array, y: Array, reg: float) -> Loss:
    """The same without a loop."""
    return over_batch(softmax_loss, W, X, y, reg)
