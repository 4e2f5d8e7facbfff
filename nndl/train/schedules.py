"""Schedules: pure functions from the place in training to a multiplier of the learning rate.

The place is given in epochs, with a fraction: step / steps_per_epoch, from 0 up to but not including `epochs`. Each
class is at once the schema of its YAML options; the string under a field documents it.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Protocol

from annotated_types import Ge, Gt, Lt, MinLen


class Schedule(Protocol):
    """multiplier = schedule(epoch, epochs)"""

    def __call__(self, epoch: float, epochs: float) -> float: ...


@dataclass(frozen=True, kw_only=True)
class Described:
    """What every schedule here has as the description of a YAML mapping."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "use_attribute_docstrings": True}
    kind: ClassVar[str]
    shorthand: ClassVar[str | None] = None
    """The option that a bare value sets: `lr_decay: 0.95` is `lr_decay: {factor: 0.95}`."""

    def __call__(self, epoch: float, epochs: float) -> float:
        """The multiplier at `epoch` of `epochs`."""
        raise NotImplementedError

    def beyond(self, epochs: float) -> float | None:  # noqa: ARG002
        """The last epoch it names, where training ends before that; None where it fits, and in shares of training."""
        return None


@dataclass(frozen=True, kw_only=True)
class Constant(Described):
    """The learning rate stays as it is."""

    kind: ClassVar[str] = "constant"

    def __call__(self, epoch: float, epochs: float) -> float:  # noqa: ARG002
        return 1.0


@dataclass(frozen=True, kw_only=True)
class LrDecay(Described):
    """The courses' lr_decay: multiply by a factor after every so many epochs."""

    kind: ClassVar[str] = "lr_decay"
    shorthand: ClassVar[str | None] = "factor"

    factor: Annotated[float, Gt(0)]
    """What the learning rate is multiplied by each time."""
    per: Annotated[int, Ge(1)] = 1
    """Epochs between two multiplications."""

    def __call__(self, epoch: float, epochs: float) -> float:  # noqa: ARG002
        return self.factor ** math.floor(epoch / self.per)


@dataclass(frozen=True, kw_only=True)
class Multistep(Described):
    """Multiply by a factor at the given epochs."""

    kind: ClassVar[str] = "multistep"

    epochs: Annotated[tuple[Annotated[float, Gt(0)], ...], MinLen(1)]
    """The epochs after which the learning rate drops."""
    factor: Annotated[float, Gt(0)] = 0.1
    """What it is multiplied by at each."""

    def __call__(self, epoch: float, epochs: float) -> float:  # noqa: ARG002
        return self.factor ** sum(epoch >= drop for drop in self.epochs)

    def beyond(self, epochs: float) -> float | None:
        """The last drop, where no step would come after it."""
        return self.epochs[-1] if self.epochs[-1] >= epochs else None


@dataclass(frozen=True, kw_only=True)
class Cosine(Described):
    """Half a cosine wave from 1 down to `final` (Loshchilov and Hutter 2017, without restarts)."""

    kind: ClassVar[str] = "cosine"
    shorthand: ClassVar[str | None] = "final"

    final: Annotated[float, Ge(0)] = 0.0
    """The multiplier at the end of training."""

    def __call__(self, epoch: float, epochs: float) -> float:
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * epoch / epochs)) / 2


@dataclass(frozen=True, kw_only=True)
class OneCycle(Described):
    """Straight up from `start` to 1, then straight down to `final` (Smith 2018)."""

    kind: ClassVar[str] = "one_cycle"

    peak_at: Annotated[float, Gt(0), Lt(1)] = 0.25
    """Where the peak stands, as a fraction of training."""
    start: Annotated[float, Ge(0)] = 0.1
    """The multiplier at the first step."""
    final: Annotated[float, Ge(0)] = 0.0
    """The multiplier at the end of training."""

    def __call__(self, epoch: float, epochs: float) -> float:
        points = ((0.0, self.start), (self.peak_at * epochs, 1.0), (epochs, self.final))
        return interpolate(points, epoch)


@dataclass(frozen=True, kw_only=True)
class PiecewiseLinear(Described):
    """Straight lines between given points; before the first and after the last it stays level."""

    kind: ClassVar[str] = "piecewise_linear"
    shorthand: ClassVar[str | None] = "points"

    points: Annotated[tuple[tuple[float, Annotated[float, Ge(0)]], ...], MinLen(1)]
    """[epoch, multiplier] pairs, in rising order of epochs."""

    def __post_init__(self) -> None:
        if any(later <= earlier for (earlier, _), (later, _) in pairwise(self.points)):
            raise ValueError("points must be in rising order of epochs")

    def __call__(self, epoch: float, epochs: float) -> float:  # noqa: ARG002
        return interpolate(self.points, epoch)

    def beyond(self, epochs: float) -> float | None:
        """The last point, where training ends before it."""
        return self.points[-1][0] if self.points[-1][0] > epochs else None


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
        return rising * self.schedule(epoch, epochs)


def interpolate(points: tuple[tuple[float, float], ...], at: float) -> float:
    """The value at `at` of the straight lines through (place, value) points; level outside them."""
    if at <= points[0][0]:
        return points[0][1]
    for (left, low), (right, high) in pairwise(points):
        if at < right:
            return low + (high - low) * (at - left) / (right - left)
    return points[-1][1]


SCHEDULES: dict[str, type[Described]] = {
    each.kind: each for each in (Constant, LrDecay, Multistep, Cosine, OneCycle, PiecewiseLinear)
}
"""The schedules by their names in YAML."""
