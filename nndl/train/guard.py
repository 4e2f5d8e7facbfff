"""The guard that ends a training whose numbers have left all that can be learnt from, with words for the person.

Losses and weights that are not finite are not all: a learning rate far too large also leads to losses of 10^30 and to
weights beside which no update counts, and such a training ends as if all were well.
"""

import math
from collections import deque
from collections.abc import Sequence

import numpy as np

from nndl.errors import TrainingError
from nndl.net.network import Network
from nndl.train.optimizers import Rule

BEYOND = 1e6
"""Times what guessing costs, ln(classes), that no loss grows to in a training that comes to anything: it may climb to 5
in the first steps of batch norm, or begin at 10^4 where weights do not suit the images. Scores so large are a fifth
apart in float32, and a softmax tells classes by differences of that size."""
GROWN = 1e3
"""Times the lowest loss so far that it has to be besides: one that begins beyond may yet come down."""
HOPELESS = 1e12
"""Times ln(classes) that it may not even begin with."""
LOST, LOST_STEPS = 1e3, 100
"""Times ln(classes) that no batch of so many steps in a row came below, though one before them had been GROWN times
lower. A spike lasts a few steps, and what began large comes down from where it began."""
DOUBTFUL = 10.0
"""Times ln(classes) that the steps of an epoch cost on average in no training that learns, but perhaps in its first
epoch, or as it comes down from larger: told, not ended, since a loss has more to it than scores (L2 is one thing)."""
LARGEST_WEIGHTS = 1e9
"""The norm of all weights: those of sane trainings are below 10^4, and float32 beside 10^9 has steps of 64."""


class Guard:
    """Sees each loss and the weights after each step; raises TrainingError where training makes no sense any more."""

    def __init__(self, network: Network, rule: Rule) -> None:
        self._network, self._rule = network, rule
        self._guessing = math.log(max(2, network.placed[-1].out_shape[0]))
        self._lowest = math.inf
        self._lost = 0
        self._recent: deque[float] = deque(maxlen=5)

    def see_loss(self, loss: float, step: int, epoch: int, learning_rate: float) -> None:
        """Check the loss of a batch, before step 1, 2, ... that is to be taken from it."""
        if not math.isfinite(loss):
            raise self._error(f"the loss is {loss} at", step, epoch, learning_rate)
        limit = self._guessing * (BEYOND if loss > GROWN * self._lowest else HOPELESS)
        if loss > limit:
            where = f"the loss is {loss:.3g}, and guessing costs {self._guessing:.3g}, at"
            raise self._error(where, step, epoch, learning_rate)
        self._lost = self._lost + 1 if loss > max(LOST * self._guessing, GROWN * self._lowest) else 0
        if self._lost >= LOST_STEPS:
            below = f"below {LOST * self._guessing:,.0f}, a thousand times what guessing costs"
            where = f"no loss of {LOST_STEPS} steps was {below}, after one of {self._lowest:.3g}, at"
            raise self._error(where, step, epoch, learning_rate)
        self._lowest = min(self._lowest, loss)
        self._recent.append(loss)

    def see_weights(self, squares: float, step: int, epoch: int, learning_rate: float) -> None:
        """Check the sum of squares of the weights that step 1, 2, ... has changed."""
        if not squares <= LARGEST_WEIGHTS**2:
            raise self._error(f"{self._worst()} after", step, epoch, learning_rate)

    def see_scores(self, loss: float, step: int, epoch: int, learning_rate: float) -> None:
        """Check the loss on training images after an epoch's last step, and the running statistics of that scoring."""
        if not math.isfinite(loss):
            raise self._error(f"the loss on training images is {loss} after", step, epoch, learning_rate)
        if not np.isfinite(self._network.buffers.vector).all():
            raise self._error(f"{self._worst()} after", step, epoch, learning_rate)

    def doubt(self, losses: Sequence[float], *, ended: bool) -> tuple[str, str] | None:
        """Say of the mean losses of all epochs that they are absurd, and likely cures; None where they still come down.

        ended: whether training has; before that the first epoch says nothing.
        """
        coming_down = len(losses) < 2 or losses[-1] < losses[-2] / 2
        if losses[-1] <= DOUBTFUL * self._guessing or (coming_down and not ended):
            return None
        cost = f"epoch {len(losses)} costs {losses[-1]:.3g} on average, where guessing costs {self._guessing:.3g}"
        return f"{cost}: this learns nothing", self._cures()

    def _worst(self) -> str:
        """Name the first of the parameters and running statistics that is not finite, else the largest."""
        values = {**self._network.params, **self._network.buffers}
        for name, value in values.items():
            if not np.isfinite(value).all():
                return f"{name} is not finite"
        name, value = max(values.items(), key=lambda pair: float(np.abs(pair[1]).max(initial=0)))
        return f"the weights are far too large ({name} comes to {float(np.abs(value).max()):.3g})"

    def _error(self, what: str, step: int, epoch: int, learning_rate: float) -> TrainingError:
        place = f"step {step} (epoch {epoch}), learning rate {learning_rate:.3g}"
        before = ", ".join(f"{loss:.4g}" for loss in self._recent) or "none"
        cures = self._cures()
        if step == 1 and not self._recent:
            cures = f"smaller weights to begin with (init, weight_scale), data.normalize: standard, {cures}"
        return TrainingError(f"{what} {place}; losses of the steps before: {before}\n  likely cures: {cures}")

    def _cures(self) -> str:
        slower = min(self._rule.learning_rate / 10, type(self._rule).learning_rate)
        return f"train.optimizer's learning_rate at {slower:.1g}, train.warmup_epochs: 1, or train.clip_norm: 1.0"
