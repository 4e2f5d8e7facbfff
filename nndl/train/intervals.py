"""Intervals of saving a state: every epoch, every few steps, or every few minutes."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from nndl.train.events import EpochDone, Event, StepDone

PATTERN = r"^(epoch|[1-9][0-9]{0,8} (steps?|minutes?))$"


DURATION = r"^([0-9]{1,6}(\.[0-9]{1,6})?) ?(s|min|h)$"
SECONDS = {"s": 1, "min": 60, "h": 3600}


def parse_duration(text: object, shown: Callable[[object], str] = repr) -> float:
    """Return the seconds of "90s", "10min" or "1.5 h". Raises ValueError for anything else, and for no time at all.

    `shown` writes down, for the error, what was given.
    """
    found = re.fullmatch(DURATION, text) if isinstance(text, str) else None
    if not found:
        raise ValueError(f"a time is such as 90s, 10min or 1.5h, not {shown(text)}")
    if not float(found[1]):
        raise ValueError(f"a time to train for should be more than nothing, such as 90s, not {shown(text)}")
    return float(found[1]) * SECONDS[found[3]]


def duration(seconds: float) -> str:
    """Turn 3725 into "1:02:05" and 65 into "1:05"."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


@dataclass(frozen=True)
class Interval:
    """`count` steps or minutes, or one epoch."""

    unit: str
    """epoch, step or minute."""
    count: int = 1


def parse_interval(text: object, shown: Callable[[object], str] = repr) -> Interval:
    """Parse "epoch", "200 steps" or "10 minutes". Raises ValueError, with what was given `shown`, for anything else."""
    if not isinstance(text, str) or not re.fullmatch(PATTERN, text):
        words = "every should be epoch, or a number of steps or minutes such as 200 steps"
        raise ValueError(f"{words}, not {shown(text)}")
    if text == "epoch":
        return Interval("epoch")
    count, _, unit = text.partition(" ")
    return Interval(unit.removesuffix("s"), int(count))


class Due:
    """Tells at which events an interval is over; minutes are counted from when it is made."""

    def __init__(self, interval: Interval, clock: Callable[[], float] = time.monotonic) -> None:
        self.interval, self._clock = interval, clock
        self._began = clock()

    def at(self, event: Event) -> bool:
        """Tell whether it is time, now that `event` has happened."""
        unit, count = self.interval.unit, self.interval.count
        if unit == "epoch":
            return isinstance(event, EpochDone)
        if unit == "step":
            return isinstance(event, StepDone) and event.step % count == 0
        if self._clock() - self._began < 60 * count:
            return False
        self._began = self._clock()
        return True
