"""One experiment trained several times, from several seeds or on all folds, and what the runs come to together."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from nndl.config import Experiment
from nndl.config.build import Build
from nndl.config.reading.overrides import settings
from nndl.errors import TrainingError
from nndl.jobs.budget import within_budget
from nndl.jobs.repeats import Repeat, as_begun, refuse_others, repeats
from nndl.jobs.resume import Wanted
from nndl.jobs.stored import stored_experiment
from nndl.jobs.training import Observer, begin, go_on
from nndl.runs.comparing import spread
from nndl.runs.folder import create_run_folder
from nndl.runs.noticed import read_noticed


class SetObserver(Observer):
    """An observer of several trainings of one experiment, too."""

    def next(self, run: Repeat) -> None:
        """Tell of the run that is begun now, or gone on with."""

    def already_finished(self, run: Repeat, summary: dict[str, Any]) -> None:
        """Tell of a run that needs no training any more."""

    def together(self, figures: dict[str, Any], inside: Path) -> None:
        """Tell what the runs in the folder `inside` come to: what `together` returns."""


def train_all(
    experiments: Sequence[Experiment],
    run_dir: Path | None,
    observer: SetObserver,
    *,
    accept_changes: bool,
    make: Build | None = None,
) -> bool:
    """Train each of the experiments, which differ in their seeds or folds; returns whether all came to their end.

    Each has a run folder of its own, seed-0 or fold-1, ..., in `run_dir` or a new runs/NAME-TIME. What is finished
    there counts, and what was broken off goes on, so that the same command completes what it had to leave.
    """
    with _folder_of_all(experiments[0].name, run_dir) as inside:
        runs = _timed(as_begun(repeats(experiments, inside)), observer, make)  # once: all train for as long
        refuse_others(runs, accept_changes)
        try:
            for run in runs:
                if not _one(run, observer, accept_changes, make):
                    return False
        finally:
            if any(run.begun for run in runs):
                synthetic = experiments[0].data.dataset == "synthetic"
                observer.together(together(repeats(experiments, inside), synthetic), inside)
    return True


@contextmanager
def _folder_of_all(name: str, run_dir: Path | None) -> Iterator[Path]:
    """Give the folder of the runs; one that is made for them does not stay without any."""
    if run_dir is not None:
        yield run_dir
        return
    made = create_run_folder(name).path
    try:
        yield made
    finally:
        with suppress(OSError):  # it is not empty
            made.rmdir()


def _timed(runs: Sequence[Repeat], observer: Observer, make: Build | None) -> list[Repeat]:
    """Turn a time_budget, if there is any, into epochs: those of the runs there are, or measured."""
    first = runs[0].experiment
    budget, begun = first.train.time_budget, next((run.folder for run in runs if run.begun), None)
    if budget is None:
        return list(runs)
    if begun is None:
        epochs = within_budget(first, make, observer.note).train.epochs
    else:
        epochs = stored_experiment(begun).train.epochs
        observer.note(f"{epochs:g} epochs for {budget}, as in {begun.path}")
    return [replace(run, experiment=run.experiment.with_epochs(epochs)) for run in runs]


def _one(run: Repeat, observer: SetObserver, accept_changes: bool, make: Build | None) -> bool:
    """Begin a run, or go on with it, unless it is finished; returns False where it was stopped."""
    if run.summary is not None:
        observer.already_finished(run, run.summary)
        return True
    observer.next(run)
    try:
        if run.begun:
            wanted = Wanted(_here(run.experiment), accept_changes=accept_changes)
            return go_on(run.folder, wanted, observer, make) is not None
        return begin(run.experiment, run.folder.path, observer, make) is not None
    except TrainingError as error:
        raise TrainingError(f"{run.kind} {run.number}: {error}") from error


def _here(experiment: Experiment) -> list[str]:
    """Return the settings that a run that goes on takes from the command instead of its own config."""
    return settings(experiment.engine, experiment.threads, data=Path(experiment.data.root))


def together(runs: Sequence[Repeat], synthetic: bool) -> dict[str, Any]:
    """Compute means, and standard deviations of one run (n - 1; null for a single one), of those that are finished.

    Of folds the accuracy on the images held out, too: after the last epoch, since the best one is chosen by them.
    """
    done = [(run, run.summary) for run in runs if run.summary is not None]
    kind = f"{runs[0].kind}s"
    test = [summary["test"]["best"]["accuracy"] for _, summary in done]
    seconds = [summary["seconds"] for _, summary in done]
    figures = {
        "kind": kind,
        "finished": len(done) == len(runs),
        "synthetic": synthetic,
        kind: [run.number for run, _ in done],
        "missing": [run.number for run in runs if run.summary is None],
        "test_accuracy": test,
        "mean": spread(test).mean,
        "deviation": spread(test).deviation,
        "mean_seconds": spread(seconds).mean,
    }
    held_out = [run.row.last_validation for run, _ in done if run.row.last_validation is not None]
    noticed = {run.number: [each.sign for each in read_noticed(run.folder)] for run in runs if run.begun}
    figures["noticed"] = {str(number): signs for number, signs in noticed.items() if signs}
    if kind == "folds":
        figures["validation_accuracy"] = held_out
        figures["validation_mean"] = spread(held_out).mean
        figures["validation_deviation"] = spread(held_out).deviation
    return figures
