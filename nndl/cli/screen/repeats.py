"""nndl train --seeds N, --folds N: one config trained several times, and what the runs say together."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from nndl.cli.screen import terminal
from nndl.cli.screen.training import Screen, emit_summary
from nndl.jobs.repeating import SetObserver
from nndl.jobs.repeats import Repeat
from nndl.paths import quoted
from nndl.runs.shares import and_deviation, percent
from nndl.train.events import Event, Noticed
from nndl.train.intervals import duration
from nndl.train.solver import Solver


class SetScreen(Screen, SetObserver):
    """Shows each of the runs, and at the end what they come to."""

    def __init__(self, *, quiet: bool, json: bool, given: bool) -> None:
        """Take how much is shown, and whether the command named the folder of the runs."""
        super().__init__(quiet=quiet, json=json)
        self._given = given

    def next(self, run: Repeat) -> None:
        if not self.silent:
            terminal.say(f"{run.kind} {run.number}:")

    def already_finished(self, run: Repeat, summary: dict[str, Any]) -> None:
        if self.json:
            emit_summary(run.folder, summary)
        else:
            accuracy = percent(summary["test"]["best"]["accuracy"]) + run.row.on_synthetic
            terminal.say_words(f"{run.kind} {run.number} is finished: test accuracy {accuracy}; {run.folder.path}")

    def watching(self, solver: Solver) -> AbstractContextManager[Callable[[Event], None]]:
        """Show a run as one alone, but for signs that something is wrong with it: they are told of all together."""
        watching = super().watching(solver)
        return watching if self.json else _without_health(watching)

    def together(self, figures: dict[str, Any], inside: Path) -> None:
        kind = figures["kind"]
        if self.json:
            terminal.emit_json(figures)
        elif figures["finished"]:
            terminal.say_words(_in_words(figures))
        for number, signs in figures["noticed"].items() if not self.json else ():
            run = f"{kind.removesuffix('s')}-{number}"
            terminal.note(f"noticed in {run}: {', '.join(signs)}; what to try is in {inside / run / 'log.txt'}")
        if not figures["finished"]:
            count = len(figures[kind])
            terminal.note(f"{count} of {count + len(figures['missing'])} {kind} {'is' if count == 1 else 'are'} done")
            if count:
                terminal.note(_in_words(figures))
            terminal.note(f"to go on with all of them: {_command(inside, given=self._given)}")


@contextmanager
def _without_health(watching: AbstractContextManager[Callable[[Event], None]]) -> Iterator[Callable[[Event], None]]:
    with watching as see:
        yield lambda event: None if isinstance(event, Noticed) else see(event)


def _command(inside: Path, *, given: bool) -> str:
    """Return the command as it was given, with the folder of the runs where it did not name one."""
    words = ["nndl", *sys.argv[1:], *([] if given else ["--run-dir", inside.as_posix()])]
    return " ".join(map(quoted, words))


def _in_words(figures: dict[str, Any]) -> str:
    """Write: over 3 seeds: test accuracy 79.31 % on average, standard deviation 0.21 (79.48 %, ...); 0:45 ..."""
    kind = figures["kind"]
    count = len(figures[kind])
    images = " on SYNTHETIC images" if figures["synthetic"] else ""
    test = _figure("test accuracy", figures["test_accuracy"], figures["mean"], figures["deviation"], images)
    held_out = ""
    if kind == "folds":
        each, average, deviation = (figures[f"validation_{name}"] for name in ("accuracy", "mean", "deviation"))
        held_out = f"{_figure('validation accuracy after the last epoch', each, average, deviation, images)}; "
    words = f"over {count} {kind if count > 1 else kind.removesuffix('s')}: {held_out}{test}"
    return f"{words}; {duration(figures['mean_seconds'])} of training each"


def _figure(name: str, values: Sequence[float], average: float, deviation: float | None, images: str) -> str:
    each = ", ".join(percent(value) for value in values)
    return f"{name} {percent(average)}{images} on average{and_deviation(deviation)} ({each})"
