"""What training minimises: a loss is described like a layer, its arithmetic is the reference's."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Lt

from nndl.layers import softmax_loss, svm_loss
from nndl.net.types import Array


@dataclass(frozen=True, kw_only=True)
class SoftmaxLoss:
    """Cross-entropy of the softmax of the scores, averaged over the batch."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "use_attribute_docstrings": True}
    kind: ClassVar[str] = "softmax"
    shorthand: ClassVar[str | None] = None

    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Share of the target spread evenly over all classes (Szegedy et al. 2016)."""

    def __call__(self, scores: Array, y: Array) -> tuple[float, Array]:
        """scores (N, C), y (N,) -> loss, dscores (N, C)."""
        loss, dscores = softmax_loss(scores, y, label_smoothing=self.label_smoothing)
        return float(loss), dscores


@dataclass(frozen=True, kw_only=True)
class SvmLoss:
    """Multi-class hinge loss with margin 1, averaged over the batch."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "use_attribute_docstrings": True}
    kind: ClassVar[str] = "svm"
    shorthand: ClassVar[str | None] = None

    def __call__(self, scores: Array, y: Array) -> tuple[float, Array]:
        """scores (N, C), y (N,) -> loss, dscores (N, C)."""
        loss, dscores = svm_loss(scores, y)
        return float(loss), dscores


Loss = SoftmaxLoss | SvmLoss

LOSSES: dict[str, type[SoftmaxLoss] | type[SvmLoss]] = {loss.kind: loss for loss in (SoftmaxLoss, SvmLoss)}
