"""The linear SVM of ECE C147 homework 2."""

from typing import Any

import numpy as np

from nndl.layers import svm_loss
from nndl.linear_classifier import Array, LinearClassifier

__all__ = ["SVM"]


def example_loss(scores: Array, label: int) -> tuple[Any, Array]:
    """Sum max(0, score - score of the label + 1) over the wrong classes of one image; its gradient by scores (C,)."""
    loss, dscores = 0.0, np.zeros_like(scores)
    for j, score in enumerate(scores):
        margin = score - scores[label] + 1
        if j != label and margin > 0:
            loss += margin
            dscores[j] += 1
            dscores[label] -= 1
    return loss, dscores


class SVM(LinearClassifier):
    """Hinge loss: sum over the wrong classes of max(0, score - score of the label + 1)."""

    def example_loss(self, scores: Array, label: int) -> tuple[Any, Array]:
        return example_loss(scores, label)

    def batch_loss(self, scores: Array, y: Array) -> tuple[Any, Array]:
        return svm_loss(scores, y)
