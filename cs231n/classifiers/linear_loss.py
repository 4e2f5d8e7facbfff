"""The common parts of assignment 1's losses: scores X W for W (D, C), and reg * sum(W^2), without later years' half."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nndl.layers import as_floats, as_labels
from nndl.linear_classifier import Array

Loss = tuple[Any, Array]


def over_examples(example_loss: Callable[[Array, int], Loss], W: Array, X: Array, y: Array, reg: float) -> Loss:
    """X (N, D), y (N,) -> (mean loss, dW (D, C)), by example_loss(scores, label) -> (loss, dscores) of each example."""
    W, X, y = as_floats(W, "W"), as_floats(X, "X"), as_labels(y, (len(X), W.shape[1]))
    loss, dW = 0.0, np.zeros(W.shape)
    for x, label in zip(X, y, strict=True):
        own, dscores = example_loss(x @ W, label)
        loss += own / len(X)
        dW += np.outer(x, dscores) / len(X)
    return regularised(loss, dW, W, reg)


def over_batch(batch_loss: Callable[[Array, Array], Loss], W: Array, X: Array, y: Array, reg: float) -> Loss:
    """The same without a loop; batch_loss(scores, y) -> (mean loss, dscores)."""
    W, X = as_floats(W, "W"), as_floats(X, "X")
    loss, dscores = batch_loss(X @ W, y)
    return regularised(loss, X.T @ dscores, W, reg)


def regularised(loss: Any, dW: Array, W: Array, reg: float) -> Loss:
    """Add reg * sum(W^2) to the loss, and its gradient."""
    return loss + reg * np.sum(W * W), dW + 2 * reg * W
