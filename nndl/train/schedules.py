"""Schedules: pure functions from the place in training to a multiplier of the learning rate.

The place is given in epochs, with a fraction: step / steps_per_epoch, from 0 up to but not including `epochs`. What
follows from the scores of epochs follows from all of them, so that a state need keep nothing else.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated, ClassVar, NamedTuple, Self

from annotated_types import Ge, Gt, Lt, MinLen

from nndl.described import Described, table
from nndl.train.choosing import Measure
from nndl.train.events import EpochDone


class Beyond(NamedTuple):
    """An epoch that a schedule names and training does not reach."""

    option: str
    """The option that names it."""
    epoch: float
    words: str


@dataclass(frozen=True, kw_only=True)
class Schedule(Described):
    """multiplier = schedule(epoch, epochs) * schedule.after(history)"""

    needs_validation: ClassVar[bool] = False
    """True for a schedule that follows the scores of images held out."""

    def __call__(self, epoch: float, epochs: float) -> float:
        """Return the multiplier at `epoch` of `epochs`."""
        raise NotImplementedError

    def after(self, history: Sequence[EpochDone]) -> float:  # noqa: ARG002
        """Return the factor on the multiplier that follows from the epochs scored so far."""
        return 1.0

    def beyond(self, epochs: float) -> Beyond | None:  # noqa: ARG002
        """Return what does not fit into `epochs`; None for a schedule in shares of training."""
        return None

    def at(self, moved: Callable[[float], float]) -> Self:  # noqa: ARG002
        """Return the same schedule with every epoch that it names moved elsewhere, in the same order."""
        return self


@dataclass(frozen=True, kw_only=True)
class Constant(Schedule):
    """The learning rate stays as it is."""

    kind = "constant"

    def __call__(self, epoch: float, epochs: float) -> float:  # noqa: ARG002
        return 1.0


@dataclass(frozen=True, kw_only=True)
class LrDecay(Schedule):
    """The courses' lr_decay: multiply by a factor after every `per` epochs."""

    kind = "lr_decay"
    shorthand = "factor"

    factor: Annotated[float, Gt(0)]
    """The factor that the learning rate is multiplied by each time."""
    per: Annotated[int, Ge(1)] = 1
    """Epochs between two multiplications."""

    def __call__(self, epoch: float, epochs: float) -> float:  # noqa: ARG002
        return self.factor ** math.floor(epoch / self.per)


@dataclass(frozen=True, kw_only=True)
class Multistep(Schedule):
    """Multiply by a factor at the given epochs."""

    kind = "multistep"

    epochs: Annotated[tuple[Annotated[float, Gt(0)], ...], MinLen(1)]
    """The epochs after which the learning rate drops."""
    factor: Annotated[float, Gt(0)] = 0.1
    """The factor at each."""

    def __post_init__(self) -> None:
        if not in_rising_order(self.epochs):
            raise ValueError("epochs should be in rising order")

    def __call__(self, epoch: float, epochs: float) -> float:  # noqa: ARG002
        return self.factor ** sum(epoch >= drop for drop in self.epochs)

    def beyond(self, epochs: float) -> Beyond | None:
        """Return the last drop, where no step would come after it."""
        last = self.epochs[-1]
        return Beyond("epochs", last, f"the drop after epoch {last:g} never comes") if last >= epochs else None

    def at(self, moved: Callable[[float], float]) -> Self:
        """Put the drops after other epochs."""
        return replace(self, epochs=tuple(map(moved, self.epochs)))


@dataclass(frozen=True, kw_only=True)
class Cosine(Schedule):
    """Half a cosine wave from 1 down to `final` (Loshchilov and Hutter 2017, without restarts)."""

    kind = "cosine"
    shorthand = "final"

    final: Annotated[float, Ge(0)] = 0.0
    """The multiplier at the end of training."""

    def __call__(self, epoch: float, epochs: float) -> float:
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * epoch / epochs)) / 2


@dataclass(frozen=True, kw_only=True)
class WarmRestarts(Schedule):
    """Half a cosine wave from 1 down to `final`, again and again: SGDR (Loshchilov and Hutter 2017).

    Training had better end with a cycle: t_0 * (1 + t_mult + t_mult^2 + ...) epochs.
    """

    kind = "warm_restarts"
    shorthand = "t_0"

    t_0: Annotated[float, Gt(0)]
    """Epochs of the first cycle, after which the learning rate starts again from 1."""
    t_mult: Annotated[int, Ge(1)] = 1
    """The factor by which each cycle is longer than the one before it."""
    final: Annotated[float, Ge(0)] = 0.0
    """The multiplier at the end of a cycle."""

    def __call__(self, epoch: float, epochs: float) -> float:  # noqa: ARG002
        start, length = 0.0, self.t_0
        if self.t_mult == 1:
            start = math.floor(round(epoch / length, 9)) * length  # 0.3 / 0.1 is a little less than 3
        else:
            while epoch >= start + length - 1e-9:
                start, length = start + length, length * self.t_mult
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * (epoch - start) / length)) / 2

    def beyond(self, epochs: float) -> Beyond | None:
        """Return the first restart, where no step would come after it."""
        late = self.t_0 >= epochs
        return Beyond("t_0", self.t_0, f"the restart after epoch {self.t_0:g} never comes") if late else None

    def at(self, moved: Callable[[float], float]) -> Self:
        """Make the first cycle, and so all of them, end elsewhere."""
        return replace(self, t_0=moved(self.t_0))


@dataclass(frozen=True, kw_only=True)
class OneCycle(Schedule):
    """Straight up from `start` to 1, then straight down to `final` (Smith 2018)."""

    kind = "one_cycle"

    peak_at: Annotated[float, Gt(0), Lt(1)] = 0.25
    """The place of the peak, as a fraction of training."""
    start: Annotated[float, Ge(0)] = 0.1
    """The multiplier at the first step."""
    final: Annotated[float, Ge(0)] = 0.0
    """The multiplier at the end of training."""

    def __call__(self, epoch: float, epochs: float) -> float:
        points = ((0.0, self.start), (self.peak_at * epochs, 1.0), (epochs, self.final))
        return interpolate(points, epoch)


@dataclass(frozen=True, kw_only=True)
class PiecewiseLinear(Schedule):
    """Straight lines between given points; before the first and after the last it stays level."""

    kind = "piecewise_linear"
    shorthand = "points"

    points: Annotated[tuple[tuple[float, Annotated[float, Ge(0)]], ...], MinLen(1)]
    """[epoch, multiplier] pairs, in rising order of epochs."""

    def __post_init__(self) -> None:
        first = self.points[0][0]
        if not in_rising_order([epoch for epoch, _ in self.points]):
            raise ValueError("points must be in rising order of epochs")
        if first < 0:
            raise ValueError(f"points begin with epoch {first:g}, but training begins with epoch 0")

    def __call__(self, epoch: float, epochs: float) -> float:  # noqa: ARG002
        return interpolate(self.points, epoch)

    def beyond(self, epochs: float) -> Beyond | None:
        """Return the last point, where training ends before it."""
        last = self.points[-1][0]
        return Beyond("points", last, f"epoch {last:g} is no part of training") if last > epochs else None

    def at(self, moved: Callable[[float], float]) -> Self:
        """Put the points at other epochs."""
        return replace(self, points=tuple((moved(epoch), multiplier) for epoch, multiplier in self.points))


@dataclass(frozen=True, kw_only=True)
class Plateau(Schedule):
    """Multiply by a factor when validation has got no better for some epochs: PyTorch's ReduceLROnPlateau."""

    kind = "plateau"
    shorthand = "factor"
    needs_validation = True

    factor: Annotated[float, Gt(0), Lt(1)] = 0.1
    """The factor that the learning rate is multiplied by each time."""
    by: Measure = "accuracy"
    """The measure, on the validation images, that is to get better."""
    patience: Annotated[int, Ge(0)] = 10
    """Epochs in a row without a better one that are let pass; after one more the learning rate drops."""
    threshold: Annotated[float, Ge(0)] = 1e-4
    """The share of the best so far that an epoch has to be better by to count as better."""
    cooldown: Annotated[int, Ge(0)] = 0
    """Epochs after a drop in which none counts as one without a better."""
    min: Annotated[float, Ge(0), Lt(1)] = 0.0
    """The multiplier that it never falls below."""

    def __call__(self, epoch: float, epochs: float) -> float:  # noqa: ARG002
        return 1.0

    def after(self, history: Sequence[EpochDone]) -> float:
        """Return the multiplier after these epochs, counted anew from the first: 1 where none was scored."""
        multiplier, best, waited, cooling = 1.0, -math.inf, 0, 0
        for epoch in history:
            score = self._score(epoch)
            if score > best + self.threshold * abs(best) or (best == -math.inf and score > best):
                best, waited = score, 0
            else:
                waited += 1
            if cooling:
                cooling, waited = cooling - 1, 0
            if waited > self.patience:
                multiplier, waited, cooling = max(self.min, multiplier * self.factor), 0, self.cooldown
        return multiplier

    def _score(self, epoch: EpochDone) -> float:
        """Return what is high for a good epoch."""
        score = epoch.validation_accuracy if self.by == "accuracy" else epoch.validation_loss
        return math.nan if score is None else score if self.by == "accuracy" else -score


@dataclass(frozen=True)
class WarmUp:
    """Another schedule, its first `warmup_epochs` multiplied by a straight line from 0 to 1 (Goyal et al. 2017)."""

    schedule: Schedule
    warmup_epochs: float
    steps_per_epoch: int

    def __call__(self, epoch: float, epochs: float) -> float:
        rising = 1.0
        if self.warmup_epochs > 0:  # the first step takes one step's share of the line: none is wasted on 0
            rising = min(1.0, (epoch + 1 / self.steps_per_epoch) / self.warmup_epochs)
        return rising * float(self.schedule(epoch, epochs))  # one's own may give NumPy's

    def after(self, history: Sequence[EpochDone]) -> float:
        """Return the factor that follows from the epochs scored so far."""
        return float(self.schedule.after(history))


def in_rising_order(epochs: Sequence[float]) -> bool:
    """Tell whether each epoch is later than the one before it."""
    return all(earlier < later for earlier, later in pairwise(epochs))


def interpolate(points: tuple[tuple[float, float], ...], at: float) -> float:
    """Follow straight lines through (place, value) points to `at`; level outside them."""
    if at <= points[0][0]:
        return points[0][1]
    for (left, low), (right, high) in pairwise(points):
        if at < right:
            return low + (high - low) * (at - left) / (right - left)
    return points[-1][1]


SCHEDULES: dict[str, type[Schedule]] = table(
    Constant, LrDecay, Multistep, Cosine, WarmRestarts, OneCycle, PiecewiseLinear, Plateau
)
"""The schedules by their names in YAML."""
