"""Trainings as wholes, and what their observer is told."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pytest

from nndl.config.build import Built
from nndl.errors import TrainingError
from nndl.jobs.repeating import SetObserver, train_all
from nndl.jobs.repeats import Repeat, of_folds, of_seeds
from nndl.jobs.resume import Wanted
from nndl.jobs.training import Observer, begin, go_on
from nndl.runs.folder import RunFolder
from nndl.train.events import Event, StepDone
from nndl.train.solver import Solver
from tests.small_run import STEPS, experiment


class Listening(SetObserver):
    """Keeps what it is told; stops a training after a step, if it is to."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.told: list[str] = []
        self.figures: dict[str, Any] = {}
        self._stop_at = stop_at

    def getting_ready(self) -> AbstractContextManager[object]:
        self.told.append("ready")
        return super().getting_ready()

    def begun(self, built: Built, folder: RunFolder) -> None:
        self.told.append(f"begun {folder.path.name} {built.solver.step}")

    def watching(self, solver: Solver) -> AbstractContextManager[Callable[[Event], None]]:
        def see(event: Event) -> None:
            if isinstance(event, StepDone) and event.step == self._stop_at:
                solver.stop()

        @contextmanager
        def seen() -> Iterator[Callable[[Event], None]]:
            yield see

        return seen()

    def stopped(self, solver: Solver, folder: RunFolder, *, at_once: bool) -> None:
        self.told.append(f"stopped {folder.path.name} {solver.step}{' at once' if at_once else ''}")

    def finished(self, built: Built, folder: RunFolder, summary: dict[str, Any]) -> None:
        self.told.append(f"finished {folder.path.name} {built.solver.step} {summary['status']}")

    def next(self, run: Repeat) -> None:
        self.told.append(f"{run.kind} {run.number}")

    def already_finished(self, run: Repeat, summary: dict[str, Any]) -> None:
        self.told.append(f"{run.kind} {run.number} is finished at {summary['step']}")

    def together(self, figures: dict[str, Any], inside: Path) -> None:
        self.figures = {**figures, "inside": inside}


def test_a_training_stopped_and_gone_on_with_is_told_step_by_step(tmp_path: Path) -> None:
    first, second = Listening(stop_at=5), Listening()
    assert begin(experiment(), tmp_path / "run", first) is None
    assert first.told == ["ready", "begun run 0", "stopped run 5"]
    summary = go_on(RunFolder(tmp_path / "run"), Wanted(), second)
    assert summary is not None
    assert summary["step"] == STEPS
    assert second.told == ["ready", "begun run 5", "finished run 12 finished"]


def test_whom_nothing_is_told_trains_the_same(tmp_path: Path) -> None:
    quiet, told = (begin(experiment(), tmp_path / name, observer) for name, observer in observers())
    assert quiet is not None
    assert told is not None
    assert quiet["test"] == told["test"]


def observers() -> list[tuple[str, Observer]]:
    return [("quiet", Observer()), ("told", Listening())]


def test_a_set_goes_on_where_it_was_stopped_and_says_what_it_comes_to(tmp_path: Path) -> None:
    seeds, stopping, listening = of_seeds(experiment(), 2), Listening(stop_at=5), Listening()
    assert not train_all(seeds, tmp_path, stopping, accept_changes=False)
    assert stopping.told == ["seed 0", "ready", "begun seed-0 0", "stopped seed-0 5"]
    assert (stopping.figures["missing"], stopping.figures["mean"]) == ([0, 1], None)
    assert train_all(seeds, tmp_path, listening, accept_changes=False)
    assert listening.told[:4] == ["seed 0", "ready", "begun seed-0 5", "finished seed-0 12 finished"]
    again = Listening()
    assert train_all(seeds, tmp_path, again, accept_changes=False)
    assert again.told == ["seed 0 is finished at 12", "seed 1 is finished at 12"]
    figures = again.figures
    assert figures == listening.figures
    assert (figures["mean"], figures["deviation"]) == (mean(figures["test_accuracy"]), stdev(figures["test_accuracy"]))


def test_folds_are_judged_by_what_each_held_out(tmp_path: Path) -> None:
    listening = Listening()
    assert train_all(of_folds(experiment(), 2), tmp_path, listening, accept_changes=False)
    figures = listening.figures
    assert (figures["kind"], figures["folds"], len(figures["validation_accuracy"])) == ("folds", [1, 2], 2)
    assert figures["validation_mean"] == pytest.approx(sum(figures["validation_accuracy"]) / 2)


def test_a_run_of_a_set_that_fails_is_named(tmp_path: Path) -> None:
    whole = experiment()
    optimizer = type(whole.train.optimizer)(learning_rate=1e30)
    wild = whole.train.model_copy(update={"optimizer": optimizer})
    with pytest.raises(TrainingError, match="seed 0: "):
        train_all(of_seeds(whole.model_copy(update={"train": wild}), 2), tmp_path, Listening(), accept_changes=False)
