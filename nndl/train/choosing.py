"""The choice among epochs: which is the best so far, and when waiting for a better one ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nndl.train.events import EpochDone

Measure = Literal["accuracy", "loss"]


@dataclass(frozen=True)
class Choice:
    """The measure, on the validation images, that epochs are compared by, and how long a better one is waited for."""

    by: Measure = "accuracy"
    patience: int | None = None
    """Epochs in a row without a better one after which training ends; None waits to the last."""

    def is_better(self, epoch: EpochDone, best: EpochDone | None) -> bool:
        """Tell whether an epoch is better than the best so far: it is the first, or beats it; without images always."""
        if best is None:
            return True
        now, before = self._score(epoch), self._score(best)
        return now is None or before is None or now > before

    def _score(self, epoch: EpochDone) -> float | None:
        """Return what is high for a good epoch."""
        if self.by == "accuracy":
            return epoch.validation_accuracy
        return None if epoch.validation_loss is None else -epoch.validation_loss

    def gives_up(self, history: Sequence[EpochDone]) -> bool:
        """Tell whether no better epoch has come for as long as it is waited for."""
        if self.patience is None or not history:
            return False
        best = max((epoch.epoch for epoch in history if epoch.is_best), default=0)
        return history[-1].epoch - best >= self.patience
