"""How training looks while it runs: a live line on a terminal, plain lines elsewhere, JSON lines, or nothing."""

import time
from math import ceil
from typing import Protocol

from nndl.cli.screen import terminal
from nndl.cli.screen.braille import SPARKS, Trace
from nndl.train.events import EpochDone, Event, Finished, StepDone, as_record
from nndl.train.intervals import duration

SECONDS_BETWEEN_LINES = 5.0
SMOOTHING = 0.98
"""Share of the loss shown that is kept from one step to the next."""

HEADER = "epoch  train loss  train acc  val loss   val acc         lr  images/s     time"


class View(Protocol):
    """An observer of events that shows them; entered before the first and left after the last."""

    def see(self, event: Event) -> None: ...
    def __enter__(self) -> "View": ...
    def __exit__(self, *error: object) -> None: ...


class Plan(Protocol):
    """How long training is to be, and where it stands: a solver, or what a run's folder says of one."""

    @property
    def steps(self) -> int: ...
    @property
    def steps_per_epoch(self) -> int: ...
    @property
    def epochs(self) -> float: ...
    @property
    def step(self) -> int: ...


class Pace:
    """Where training stands: smoothed loss, speed, time left."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._weight = self._loss = self._images = self._seconds = 0.0
        self._trace, self._has_bars = Trace(), terminal.can_print(SPARKS)  # asked before a LiveLine takes stdout
        self.step = plan.step

    def see(self, step: StepDone) -> None:
        """Take in a step. Sums that fade, over a sum of weights that fades alike: the first step weighs no more."""
        self.step = step.step
        self._trace.add(step.loss)
        self._weight = SMOOTHING * self._weight + 1
        self._loss = SMOOTHING * self._loss + step.loss
        self._images = SMOOTHING * self._images + step.images
        self._seconds = SMOOTHING * self._seconds + step.seconds

    def words(self, step: StepDone) -> str:
        """epoch 2/10  step 31/352  1,234 images/s  loss 1.432  lr 0.001  0:42 left"""
        left = (self._plan.steps - self.step) * self._seconds / self._weight
        before = (step.epoch - 1) * self._plan.steps_per_epoch
        in_epoch = min(self._plan.steps_per_epoch, self._plan.steps - before)  # the last may be a part of one
        return (
            f"epoch {step.epoch}/{ceil(self._plan.epochs)}  step {step.step - before}/{in_epoch}  "
            f"{self._images / max(self._seconds, 1e-9):,.0f} images/s  loss {self._loss / self._weight:.4f}  "
            f"lr {step.learning_rate:.3g}  {duration(left)} left"
        )

    def curve(self) -> str:
        """The loss so far as a line of little bars, where the terminal has them."""
        return f"loss {self._trace.sparkline()}" if self._has_bars else ""


class LiveView:
    """A bar that moves, and a row for each epoch above it."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._pace = plan, Pace(plan)
        self._line = terminal.LiveLine()
        self._rows = 0

    def see(self, event: Event) -> None:
        if isinstance(event, StepDone):
            self._pace.see(event)
            self._line.show(event.step / self._plan.steps, f"{self._pace.words(event)}\n{self._pace.curve()}")
        elif isinstance(event, Finished):
            self._line.show(1.0, f"all epochs are done; the test images are being scored\n{self._pace.curve()}")
        elif isinstance(event, EpochDone):
            if not self._rows:
                self._line.above(HEADER)
            self._rows += 1
            self._line.above(row(event))

    def __enter__(self) -> "LiveView":
        self._line.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._line.__exit__(*error)


class PlainView:
    """For logs: the first step, a line every few seconds, and one for each epoch; every line says what it is."""

    def __init__(self, plan: Plan) -> None:
        self._pace, self._epochs = Pace(plan), plan.epochs
        self._last_line: float | None = None

    def see(self, event: Event) -> None:
        if isinstance(event, StepDone):
            self._pace.see(event)
            now = time.monotonic()
            if self._last_line is None or now - self._last_line >= SECONDS_BETWEEN_LINES:
                self._last_line = now
                terminal.say(self._pace.words(event))
        elif isinstance(event, EpochDone):
            terminal.say(sentence(event, self._epochs))

    def __enter__(self) -> "PlainView":
        return self

    def __exit__(self, *error: object) -> None:
        pass


class JsonView:
    """Every event as one line of JSON."""

    def see(self, event: Event) -> None:
        terminal.emit_json(as_record(event))

    def __enter__(self) -> "JsonView":
        return self

    def __exit__(self, *error: object) -> None:
        pass


class QuietView(JsonView):
    """Nothing."""

    def see(self, event: Event) -> None:
        pass


def choose_view(plan: Plan, *, quiet: bool, json: bool) -> View:
    """The view that suits where stdout goes."""
    if json:
        return JsonView()
    if quiet:
        return QuietView()
    return LiveView(plan) if terminal.is_terminal() else PlainView(plan)


def row(epoch: EpochDone) -> str:
    """One epoch under HEADER; the best so far has a star."""
    loss = "-" if epoch.validation_loss is None else f"{epoch.validation_loss:.4f}"
    accuracy = "-" if epoch.validation_accuracy is None else percent(epoch.validation_accuracy)
    star = "*" if epoch.is_best and epoch.validation_accuracy is not None else " "
    return (
        f"{epoch.epoch:>5}  {epoch.train_loss:>10.4f}  {percent(epoch.train_accuracy):>9}  {loss:>8}  "
        f"{accuracy:>8}{star} {epoch.learning_rate:>9.3g}  {epoch.images_per_second:>8,.0f}  "
        f"{duration(epoch.seconds):>7}"
    )


def sentence(epoch: EpochDone, epochs: float) -> str:
    """The same as a line that needs no heading."""
    words = f"epoch {epoch.epoch}/{ceil(epochs)} done  train loss {epoch.train_loss:.4f}  "
    words += f"train acc {percent(epoch.train_accuracy)}"
    if epoch.validation_loss is not None and epoch.validation_accuracy is not None:
        words += f"  val loss {epoch.validation_loss:.4f}  val acc {percent(epoch.validation_accuracy)}"
        words += " (best)" if epoch.is_best else ""
    return f"{words}  {epoch.images_per_second:,.0f} images/s  {duration(epoch.seconds)}"


def percent(share: float) -> str:
    """0.7512 -> "75.12 %"."""
    return f"{100 * share:.2f} %"
