"""The progress of a training begun in Python: one line, rewritten in a terminal and below a notebook's cell."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import TextIO

from nndl.errors import UsageError
from nndl.train.events import EpochDone, Event, StepDone
from nndl.train.intervals import duration
from nndl.train.solver import Solver

PAUSE = 0.2
"""Seconds from one writing of the line to the next."""


def is_watched(stream: TextIO) -> bool:
    """Tell whether a person sees a line there that is rewritten: in a terminal, or below a notebook's cell."""
    return stream.isatty() or type(stream).__module__.startswith("ipykernel")


class Line:
    """Writes where a training stands, over and over in the same line, and a line that stays for every epoch."""

    def __init__(self, solver: Solver, stream: TextIO) -> None:
        self._solver, self._stream = solver, stream
        self._written, self._width = 0.0, 0
        self._images = self._seconds = 0.0

    def see(self, event: Event) -> None:
        """Take in an event."""
        if isinstance(event, StepDone):
            self._images, self._seconds = self._images + event.images, self._seconds + event.seconds
            if time.monotonic() - self._written >= PAUSE:
                self._write(f"{self._place(event.epoch)}  {self._pace(event)}")
                self._written = time.monotonic()
        elif isinstance(event, EpochDone):
            self._write(f"{self._place(event.epoch)}  {_scores(event)}", "\n")

    def end(self) -> None:
        """Take the line away that is under way."""
        self._write("", "\r")
        self._stream.flush()

    def _place(self, epoch: int) -> str:
        return f"epoch {epoch}/{ceil(self._solver.epochs)}"

    def _pace(self, event: StepDone) -> str:
        pace = self._images / max(self._seconds, 1e-9)
        left = (self._solver.steps - event.step) * event.images / max(pace, 1e-9)
        place = f"step {event.step:,}/{self._solver.steps:,}"
        return f"{place}  loss {event.loss:.4f}  {pace:,.0f} images/s  {duration(left)} left"

    def _write(self, words: str, end: str = "") -> None:
        self._stream.write(f"\r{words.ljust(self._width)}{end}")
        self._stream.flush()
        self._width = 0 if end else len(words)


def _scores(epoch: EpochDone) -> str:
    words = f"loss {epoch.train_loss:.4f}  training {100 * epoch.train_accuracy:.2f} %"
    if epoch.validation_accuracy is not None:
        words += f"  validation {100 * epoch.validation_accuracy:.2f} %{' (best)' if epoch.is_best else ''}"
    return words


def say(words: str, wanted: bool) -> None:
    """Print a note on a training where somebody watches its line, and one is wanted."""
    if wanted and is_watched(sys.stdout):
        print(words, flush=True)


Watch = Callable[[Event], None]


def require_watch(watch: object) -> None:
    """Raise UsageError for what is not to be called with events, and is given for that."""
    if not (watch is None or callable(watch)):
        raise UsageError(f"watch is a function that takes an event, not {watch!r}")


@contextmanager
def shown(solver: Solver, wanted: bool, watch: Watch | None = None) -> Iterator[Watch]:
    """Give, within, what sees a training's events: a line where somebody watches and one is wanted, then `watch`."""
    line = Line(solver, sys.stdout) if wanted and is_watched(sys.stdout) else None

    def see(event: Event) -> None:
        if line:
            line.see(event)
        if watch:
            watch(event)

    try:
        yield see
    finally:
        if line:
            line.end()
