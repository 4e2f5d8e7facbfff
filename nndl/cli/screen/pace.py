"""The standing of a training: smoothed loss, speed, time left."""

import time
from collections.abc import Callable
from math import ceil
from typing import Protocol

from nndl.cli.screen.braille import Trace
from nndl.train.events import EpochDone, Event, StepDone
from nndl.train.intervals import duration

SMOOTHING = 0.98
"""Share of the loss shown that is kept from one step to the next."""


class Plan(Protocol):
    """The length of a training, and where it stands: a solver, or what a run's folder says of one."""

    @property
    def steps(self) -> int: ...
    @property
    def steps_per_epoch(self) -> int: ...
    @property
    def epochs(self) -> float: ...
    @property
    def step(self) -> int: ...


class Pace:
    """The pace of a training, by the events so far."""

    def __init__(self, plan: Plan, clock: Callable[[], float] = time.monotonic) -> None:
        self._plan, self._clock = plan, clock
        self._weight = self._loss = self._images = self._seconds = 0.0
        self._trace = Trace()
        self.step, self.learning_rate, self._epoch, self._scored = plan.step, 0.0, 0, 0
        self._scored_since, self._scoring = clock(), 0.0

    def see(self, event: Event) -> None:
        """Take in an event. Sums that fade, over a sum of weights that fades alike: the first step weighs no more."""
        if isinstance(event, EpochDone):
            self._scoring, self._scored = self._clock() - self._scored_since, event.epoch
        elif isinstance(event, StepDone):
            self.step, self._epoch, self.learning_rate = event.step, event.epoch, event.learning_rate
            self._trace.add(event.loss)
            self._weight = SMOOTHING * self._weight + 1
            self._loss = SMOOTHING * self._loss + event.loss
            self._images = SMOOTHING * self._images + event.images
            self._seconds = SMOOTHING * self._seconds + event.seconds
            self._scored_since = self._clock()

    @property
    def has_begun(self) -> bool:
        """True once a step was seen."""
        return self._weight > 0

    @property
    def share(self) -> float:
        """Of all steps, those that are done."""
        return self.step / self._plan.steps

    @property
    def epoch_is_over(self) -> bool:
        """True where the last step seen was the last of its epoch."""
        return self.step == self._plan.steps or self.step % self._plan.steps_per_epoch == 0

    def epoch(self) -> str:
        """Say "epoch 2/10": that of the last step, or of the one to come where there is none yet."""
        to_come = min(self.step, self._plan.steps - 1) // self._plan.steps_per_epoch + 1
        return f"epoch {self._epoch or to_come}/{ceil(self._plan.epochs)}"

    def place(self) -> str:
        """Say "step 31/352", within the epoch; the last may be a part of one."""
        before = (self._epoch - 1) * self._plan.steps_per_epoch
        return f"step {self.step - before}/{min(self._plan.steps_per_epoch, self._plan.steps - before)}"

    def speed(self) -> str:
        """Say "1,234 images/s"."""
        return f"{self._images / max(self._seconds, 1e-9):,.0f} images/s"

    def loss(self) -> str:
        """Say "loss 1.4321"."""
        return f"loss {self._loss / self._weight:.4f}" if self.has_begun else ""

    def rate(self) -> str:
        """Say "lr 0.001"."""
        return f"lr {self.learning_rate:.3g}"

    def left(self) -> str:
        """Say "0:42 left": the steps to come, and the scoring of epochs at the time that it last took."""
        if not self.has_begun:
            return ""
        steps = (self._plan.steps - self.step) * self._seconds / self._weight
        epochs = ceil(self._plan.epochs) - max(self._epoch - 1, self._scored)
        return f"{duration(steps + epochs * self._scoring)} left"

    def words(self) -> str:
        """Say "epoch 2/10  step 31/352  1,234 images/s  loss 1.4321  lr 0.001  0:42 left"."""
        return "  ".join((self.epoch(), self.place(), self.speed(), self.loss(), self.rate(), self.left()))

    def curve(self, cells: int = 64) -> str:
        """Draw the loss so far as a line of at most `cells` little bars."""
        return self._trace.sparkline(cells)
