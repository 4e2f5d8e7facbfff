"""Losses, which training minimises: described like layers, their arithmetic is the reference's."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Lt

from nndl.described import Described, table
from nndl.layers import cross_entropy, softmax_loss, svm_loss
from nndl.net.types import Array


@dataclass(frozen=True, kw_only=True)
class Loss(Described):
    """A measure of a batch's scores, with its gradient."""

    takes_distributions: ClassVar[bool] = False
    """True for a loss that also takes y (N, C): for each image a distribution over the classes, as of two mixed."""

    def __call__(self, scores: Array, y: Array, class_weights: Array | None = None) -> tuple[float, Array]:
        """scores (N, C), y (N,), class_weights (C,) -> loss, dscores (N, C)."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class SoftmaxLoss(Loss):
    """Cross-entropy of the softmax of the scores, averaged over the batch."""

    kind = "softmax"
    takes_distributions = True

    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Share of the target spread evenly over all classes (Szegedy et al. 2016)."""

    def __call__(self, scores: Array, y: Array, class_weights: Array | None = None) -> tuple[float, Array]:
        """scores (N, C), y (N,) or (N, C), class_weights (C,) -> loss, dscores (N, C)."""
        if y.ndim == 1:
            loss, dscores = softmax_loss(scores, y, self.label_smoothing, class_weights)
        else:
            target = y.astype(scores.dtype, copy=False)
            loss, dscores = cross_entropy(scores, target, self.label_smoothing, class_weights)
        return float(loss), dscores


@dataclass(frozen=True, kw_only=True)
class SvmLoss(Loss):
    """Multi-class hinge loss with margin 1, averaged over the batch."""

    kind = "svm"

    def __call__(self, scores: Array, y: Array, class_weights: Array | None = None) -> tuple[float, Array]:
        """scores (N, C), y (N,), class_weights (C,) -> loss, dscores (N, C)."""
        loss, dscores = svm_loss(scores, y, class_weights)
        return float(loss), dscores


LOSSES: dict[str, type[Loss]] = table(SoftmaxLoss, SvmLoss)
"""The losses by their names in YAML."""
