"""Training on a terminal: a row for each epoch, and under them what is happening now, drawn anew as it happens."""

import time
from collections.abc import Callable
from typing import Literal

from nndl.cli.screen import terminal
from nndl.cli.screen.braille import SPARKS
from nndl.cli.screen.ending import stopping
from nndl.cli.screen.epochs import EpochTable
from nndl.cli.screen.noticed import say_noticed
from nndl.cli.screen.pace import Pace, Plan
from nndl.cli.screen.terminal import Parts
from nndl.train.events import EpochDone, Event, Finished, Noticed, Scoring, StepDone
from nndl.train.intervals import duration

LABELS = 21
"""Columns right of bar and curve: "100 %  1:02:15 left"."""
LEAST_CHART, MOST_CHART = 10, 130
ONE_LINE = 64
"""Columns from which place and pace stand beside each other, whatever their figures; else under each other."""

Glyphs = tuple[str, str, str]
"""Glyphs of the bar: what is done, its tip, what is not."""


class LiveView:
    """The loss so far as a curve, how much is done as a bar, place, speed and time left; above them the epochs done."""

    def __init__(self, plan: Plan, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace, self._clock, self._began = Pace(plan, clock), clock, clock()
        # Asked now: within LiveLines stdout is not what it was.
        self._has_curve = terminal.can_print(SPARKS)
        self._glyphs: Glyphs = ("━", "╸", "─") if terminal.can_print("━╸─") else ("#", "#", "-")
        self._has_bars = terminal.can_print("▏█")
        self._table: EpochTable | None = None
        self._doing = ""
        self._stopping = False
        self._lines = terminal.LiveLines(self.frame)

    def see(self, event: Event) -> None:
        self._pace.see(event)
        if isinstance(event, StepDone):
            self._doing = "being scored" if self._pace.epoch_is_over else ""
        elif isinstance(event, EpochDone):
            self._doing = ""
            self._add_row(event)
        elif isinstance(event, Noticed):
            say_noticed(event)
        elif isinstance(event, Finished):
            self._doing = "the test images are being scored"

    def see_scoring(self, scoring: Scoring) -> None:
        self._doing = f"scoring {scoring.what} images  {scoring.done:,}/{scoring.of:,}"

    def say_stopping(self) -> None:
        self._stopping = True

    def _add_row(self, epoch: EpochDone) -> None:
        if self._table is None:
            validated = epoch.validation_accuracy is not None
            self._table = EpochTable(terminal.width(), validated=validated, bars=self._has_bars)
            self._lines.above([])
            self._lines.above(self._table.heading())
        self._lines.above(self._table.row(epoch))

    def frame(self, width: int) -> list[Parts]:
        """Return the lines drawn at the bottom under a blank one, none of them longer than `width`."""
        chart = min(MOST_CHART, max(LEAST_CHART, width - LABELS))
        lines = [[], *self._curve(chart), self._bar(chart), *self._words(width)]
        if self._stopping:
            lines.append([(stopping(), "yellow")])
        return [_cut(line, width) for line in lines]

    def _curve(self, cells: int) -> list[Parts]:
        if not self._has_curve:
            return []
        curve = self._pace.curve(cells) if self._pace.has_begun else ""
        return [[(f"{curve:<{cells}}", "cyan"), (f"  {self._pace.loss()}", None)]]

    def _bar(self, cells: int) -> Parts:
        full, tip, empty = self._glyphs
        done = int(cells * self._pace.share)
        tip = tip if 0 < done < cells else ""
        percent = f"  {100 * self._pace.share:3.0f} %"
        return [
            (full * (done - len(tip)) + tip, "green"),
            (empty * (cells - done), "bright_black"),
            (percent, "bold"),
            (f"  {self._pace.left()}", None),
        ]

    def _words(self, width: int) -> list[Parts]:
        """Say where training stands, and at what pace, or what it is doing between steps."""
        if not self._pace.has_begun:
            which = f"step {self._pace.step + 1:,}" if self._pace.step else "the first step"
            waited = duration(self._clock() - self._began)
            return self._beside(self._pace.epoch(), f"{which} is under way  {waited}", width)
        if self._doing:
            return self._beside(self._pace.epoch(), self._doing, width)
        return self._beside(
            f"{self._pace.epoch()}  {self._pace.place()}", f"{self._pace.speed()}  {self._pace.rate()}", width
        )

    def _beside(self, left: str, right: str, width: int) -> list[Parts]:
        """Put both on one line or on two, as the width alone decides: figures that grow move nothing."""
        return [[(f"{left}  {right}", None)]] if width >= ONE_LINE else [[(left, None)], [(right, None)]]

    def __enter__(self) -> "LiveView":
        self._began = self._clock()
        self._lines.__enter__()
        return self

    def __exit__(self, *error: object) -> Literal[None]:
        self._lines.__exit__(*error)


def _cut(line: Parts, width: int) -> Parts:
    """Cut off the line's end, where there is no room for it."""
    cut, left = [], width
    for text, style in line:
        cut.append((text[:left], style))
        left -= len(text[:left])
    return cut
