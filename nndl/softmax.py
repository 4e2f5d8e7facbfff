"""The softmax classifier of ECE C147 homework 2."""

from typing import Any

import numpy as np

from nndl.layers import softmax_loss
from nndl.linear_classifier import Array, LinearClassifier

__all__ = ["Softmax"]


def example_loss(scores: Array, label: int) -> tuple[Any, Array]:
    """Compute minus log(exp(score of the label) / sum of exp(scores)) of one image, and its gradient by scores (C,)."""
    shifted = np.exp(scores - scores.max())  # a shift of all scores changes nothing, and nothing overflows
    p = shifted / shifted.sum()
    target = np.arange(len(scores)) == label
    return np.log(shifted.sum()) - (scores[label] - scores.max()), p - target


class Softmax(LinearClassifier):
    """Cross-entropy: minus the logarithm of exp(score of the label) / sum of exp(scores)."""

    weight_scale = 1e-4

    def example_loss(self, scores: Array, label: int) -> tuple[Any, Array]:
        return example_loss(scores, label)

    def batch_loss(self, scores: Array, y: Array) -> tuple[Any, Array]:
        return softmax_loss(scores, y)
