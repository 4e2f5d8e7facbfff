"""Views of a training while it runs: a live one on a terminal, plain lines elsewhere, JSON lines, or nothing."""

import os
import time
from contextlib import suppress
from typing import Protocol

from nndl.cli.screen import terminal
from nndl.cli.screen.ending import stopping
from nndl.cli.screen.epochs import sentence
from nndl.cli.screen.live import LiveView
from nndl.cli.screen.noticed import say_noticed
from nndl.cli.screen.pace import Pace, Plan
from nndl.train.events import EpochDone, Event, Noticed, Scoring, StepDone, as_record

SECONDS_BETWEEN_LINES = 5.0


class View(Protocol):
    """An observer of events that shows them; entered before the first and left after the last."""

    def see(self, event: Event) -> None: ...
    def see_scoring(self, scoring: Scoring) -> None:
        """Take in how far the scoring of images is."""
        ...

    def say_stopping(self) -> None:
        """Say that training has been asked to stop; called within a signal handler."""
        ...

    def __enter__(self) -> "View": ...
    def __exit__(self, *error: object) -> None: ...


class QuietView:
    """Shows nothing, but what is wrong with the training, and that it is about to stop."""

    def see(self, event: Event) -> None:
        if isinstance(event, Noticed):
            say_noticed(event)

    def see_scoring(self, scoring: Scoring) -> None:
        pass

    def say_stopping(self) -> None:
        # os.write, since print may be what the signal interrupted, and would refuse to be entered twice
        with suppress(OSError):  # whoever read it may be gone: the state is saved all the same
            os.write(2, f"\n{stopping()}\n".encode())

    def __enter__(self) -> "QuietView":
        return self

    def __exit__(self, *error: object) -> None:
        pass


class PlainView(QuietView):
    """For logs: the first step, a line every few seconds, and one for each epoch; every line says what it is."""

    def __init__(self, plan: Plan) -> None:
        self._pace, self._plan = Pace(plan), plan
        self._last_line: float | None = None

    def see(self, event: Event) -> None:
        super().see(event)
        self._pace.see(event)
        if isinstance(event, StepDone):
            self._say_now_and_then(self._pace.words())
        elif isinstance(event, EpochDone):
            terminal.say(sentence(event, self._plan.epochs))

    def see_scoring(self, scoring: Scoring) -> None:
        self._say_now_and_then(f"scoring {scoring.what} images: {scoring.done:,}/{scoring.of:,}")

    def _say_now_and_then(self, words: str) -> None:
        now = time.monotonic()
        if self._last_line is None or now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            terminal.say(words)


class JsonView(QuietView):
    """Every event as one line of JSON."""

    def see(self, event: Event) -> None:
        terminal.emit_json(as_record(event))


def choose_view(plan: Plan, *, quiet: bool, json: bool) -> View:
    """Choose the view that suits where stdout goes."""
    if json:
        return JsonView()
    if quiet:
        return QuietView()
    return LiveView(plan) if terminal.can_redraw() else PlainView(plan)
