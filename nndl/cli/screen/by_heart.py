"""Learning a few images by heart, on the terminal: how many are known while it lasts, and how it came out."""

from collections.abc import Sequence
from typing import Any

from nndl.cli.screen import terminal
from nndl.cli.screen.live import LiveView
from nndl.cli.screen.progress import PlainView, QuietView, View
from nndl.cli.screen.terminal import Parts
from nndl.config.build import Built
from nndl.train.events import EpochDone, Event, Scoring
from nndl.train.intervals import duration
from nndl.train.solver import Solver


class Live(LiveView):
    """The live view of a training, with how many images are known in place of a row for each epoch."""

    def __init__(self, solver: Solver, images: int) -> None:
        self._images, self._right = images, 0
        super().__init__(solver)

    def see_scoring(self, scoring: Scoring) -> None:
        """Show nothing of it: a few images are scored in a moment, after every step."""

    def _add_row(self, epoch: EpochDone) -> None:
        self._right = round(epoch.train_accuracy * self._images)

    def frame(self, width: int) -> list[Parts]:
        """Return the lines of the live view, and one more."""
        return [*super().frame(width), [(f"{self._right} of {self._images} images known"[:width], "bold")]]


class Plain(PlainView):
    """A line every few seconds."""

    def __init__(self, solver: Solver, images: int) -> None:
        super().__init__(solver)
        self._images = images

    def see(self, event: Event) -> None:
        if isinstance(event, EpochDone):
            right = round(event.train_accuracy * self._images)
            self._say_now_and_then(f"step {event.step}  loss {event.train_loss:.4f}  {right} of {self._images} known")

    def see_scoring(self, scoring: Scoring) -> None:
        """Show nothing of it."""


def choose_view(solver: Solver, images: int, *, silent: bool) -> View:
    """Choose the view that suits where stdout goes."""
    if silent:
        return QuietView()
    return Live(solver, images) if terminal.can_redraw() else Plain(solver, images)


def show_beginning(name: str, built: Built, aside: Sequence[str]) -> None:
    """Say what is learnt, and what was put aside for it."""
    images = "SYNTHETIC images" if built.split.dataset.synthetic else f"images of {built.split.dataset.name}"
    sizes = f"{len(built.split.train)} {images}, in batches of {built.experiment.train.batch_size}"
    terminal.say_words(f"{name}: {sizes}, engine {built.network.engine.name}")
    terminal.say_words(f"put aside: {', '.join(aside)}")


def show_outcome(record: dict[str, Any]) -> None:
    """Say whether the images were learnt; if not, what fails first and what to try."""
    after = f"{record['steps']:,} steps, {duration(record['seconds'])}"
    known = f"{record['right']} of {record['images']} images"
    figures = f"{known} after {after}; loss {record['loss']:.3g}, guessing costs {record['guessing']:.3g}"
    failed = record["failed"]
    terminal.say_styled([("NOT learnt by heart" if failed else "learnt by heart", "red" if failed else "green")])
    terminal.say_words(figures)
    if failed is None:
        return
    terminal.say_words(f"what fails first ({failed['check']}): {failed['says']}\n  what to try: {failed['try']}")
    others = [f"{each['check']} (step {each['step']:,})" for each in record["noticed"][1:]]
    if others:
        terminal.say_words(f"noticed after it: {', '.join(others)}")
