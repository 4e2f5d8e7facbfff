"""Axes of charts that show trials: linear, logarithmic, or names in a row."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nndl.jobs.sweeps.dimensions import Choose, Dimension, Integers, Log
from nndl.report.svg import decades, number, round_ticks

LONGEST_NAME = 18


@dataclass(frozen=True)
class Axis:
    """A mapping of values to shares of a length, with its ticks."""

    label: str
    low: float
    high: float
    log: bool = False
    names: tuple[str, ...] = ()
    """The values of an axis of names, which stand at 0, 1, 2, ..."""
    show: Callable[[float], str] = number

    def share(self, value: float) -> float:
        """Return 0 for the lowest value, 1 for the highest."""
        low, high, at = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        return (at - low) / (high - low) if high > low else 0.5

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Return places as shares, each with its words."""
        if self.names:
            return [(self.share(place), name) for place, name in enumerate(self.names)]
        if self.log and self.high > 10 * self.low:
            places = [tick for tick in decades(self.low, self.high) if self.low <= tick <= self.high]
        else:
            places = [tick for tick in round_ticks(self.low, self.high) if self.low <= tick <= self.high]
        if self.log and len(places) < 2:
            places = [self.low, self.high]
        return [(self.share(tick), self.show(tick)) for tick in places]


def axis_of(label: str, dimension: Dimension) -> Axis:
    """Return the axis of a swept key over all that it may be; names have half a step of room at their ends."""
    if isinstance(dimension, Choose):
        names = tuple(_short(value) for value in dimension.values)
        return Axis(label, -0.5, len(names) - 0.5, names=names)
    low, high = dimension.ends()
    log = isinstance(dimension, Log) or (isinstance(dimension, Integers) and dimension.log)
    return Axis(label, float(low), float(high), log)


def axis_of_values(label: str, values: Sequence[float], show: Callable[[float], str] = number) -> Axis:
    """Return an axis that round numbers begin and end."""
    ticks = round_ticks(min(values), max(values))
    return Axis(label, ticks[0], ticks[-1], show=show)


def place_of(dimension: Dimension, told: str) -> float | None:
    """Return where a value that was written down as text stands on its axis; None for one that it cannot be."""
    if isinstance(dimension, Choose):
        words = [str(value) for value in dimension.values]
        return float(words.index(told)) if told in words else None
    try:
        value = float(told)
    except ValueError:
        return None
    low, high = dimension.ends()
    return value if low <= value <= high else None


def _short(value: Any) -> str:
    """Return adam for {adam: {...}}, and of anything long its beginning."""
    words = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else str(value)
    return words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1]}…"
