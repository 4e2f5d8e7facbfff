"""A training from its preparation to its summary, begun or gone on with; an `Observer` shows it to a person."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from nndl.config import Experiment
from nndl.config.build import Build, Built
from nndl.jobs.budget import within_budget
from nndl.jobs.build import build
from nndl.jobs.resume import Wanted, keeping, resume
from nndl.jobs.start import start_run
from nndl.runs.folder import RunFolder, note_elsewhere
from nndl.runs.lock import lock_run
from nndl.runs.recorder import Keeping
from nndl.runs.training import keep_run
from nndl.train.events import Event
from nndl.train.solver import Solver


class Observer:
    """An observer of whole trainings; this one shows nothing."""

    def note(self, words: str) -> None:
        """Tell a person something beside."""

    def getting_ready(self) -> AbstractContextManager[object]:
        """Return what is entered while images are read and the network is set up."""
        return nullcontext()

    def begun(self, built: Built, folder: RunFolder) -> None:
        """Tell of a run that is about to be trained."""

    def watching(self, solver: Solver) -> AbstractContextManager[Callable[[Event], None]]:
        """Return what is entered while `solver` trains, and gives the function that sees its events."""
        del solver
        return nullcontext(lambda _: None)

    def stopped(self, solver: Solver, folder: RunFolder, *, at_once: bool) -> None:
        """Tell of a run that was stopped: after a step, with its state saved, or at once."""

    def finished(self, built: Built, folder: RunFolder, summary: dict[str, Any]) -> None:
        """Tell of a run that has come to its end."""


def begin(
    experiment: Experiment, run_dir: str | Path | None, observer: Observer, make: Build | None = None
) -> dict[str, Any] | None:
    """Train from the beginning in a new folder; returns the run's summary, or None where it was stopped."""
    experiment = within_budget(experiment, make, observer.note)
    note_beyond(experiment, observer.note)
    with observer.getting_ready():
        built = (make or build)(experiment)
        folder = start_run(built, run_dir)
        note_elsewhere(folder.path)
    return _train(built, folder, keeping(built), observer)


def note_beyond(experiment: Experiment, note: Callable[[str], None]) -> None:
    """Tell of what groups say of an epoch that never comes."""
    for beyond in filter(None, (group.beyond(experiment.train.epochs) for group in experiment.train.groups)):
        note(f"train.groups: {beyond.words}")


def go_on(folder: RunFolder, wanted: Wanted, observer: Observer, make: Build | None = None) -> dict[str, Any] | None:
    """Go on with a run as it stood; returns its summary, or None where it was stopped."""
    with lock_run(folder.path):
        with observer.getting_ready():
            resumed = resume(folder, wanted, make)
        for note in resumed.notes:
            observer.note(note)
        return _train(resumed.built, folder, resumed.keeping, observer)


def _train(built: Built, folder: RunFolder, keep: Keeping, observer: Observer) -> dict[str, Any] | None:
    solver, classes = built.solver, built.split.dataset.classes
    observer.begun(built, folder)
    try:
        with observer.watching(solver) as see:
            summary = keep_run(
                folder, solver, built.test, classes, see, keep, lambda words: observer.note(f"warning: {words}")
            )
    except KeyboardInterrupt:
        observer.stopped(solver, folder, at_once=True)
        raise
    if summary["status"] != "finished":
        observer.stopped(solver, folder, at_once=False)
        return None
    observer.finished(built, folder, summary)
    return summary
