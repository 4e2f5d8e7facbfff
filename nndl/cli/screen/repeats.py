"""nndl train --seeds N, --folds N: one config trained several times, and what the runs say together."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from nndl.cli.screen import terminal
from nndl.cli.screen.epochs import percent
from nndl.cli.screen.training import resume_and_run, start_and_run, timed
from nndl.config import Experiment
from nndl.config.build import Build
from nndl.config.reading.overrides import settings
from nndl.errors import TrainingError
from nndl.jobs.repeats import Repeat, refuse_others, repeats
from nndl.jobs.resume import Wanted
from nndl.jobs.stored import stored_experiment
from nndl.runs.comparing import spread
from nndl.runs.folder import create_run_folder
from nndl.train.intervals import duration


def train_all(
    experiments: Sequence[Experiment],
    run_dir: Path | None,
    *,
    accept_changes: bool,
    quiet: bool,
    json: bool,
    make: Build | None = None,
) -> bool:
    """Train each of the experiments, which differ in their seeds or folds; returns whether all came to their end.

    Each has a run folder of its own, seed-0 or fold-1, ..., in `run_dir` or a new runs/NAME-TIME. What is finished
    there counts, and what was broken off goes on, so that the same command completes what it had to leave.
    """
    with _folder_of_all(experiments[0].name, run_dir) as inside:
        runs = _timed(repeats(experiments, inside), make)  # once: all train for as long
        refuse_others(runs, accept_changes)
        try:
            for run in runs:
                if not _one(run, accept_changes, quiet=quiet, json=json, make=make):
                    return False
        finally:
            if any(run.begun for run in runs):
                _tell(
                    _together(repeats(experiments, inside), experiments[0].data.dataset == "synthetic"),
                    _command(inside, given=run_dir is not None),
                    json=json,
                )
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


def _timed(runs: Sequence[Repeat], make: Build | None) -> list[Repeat]:
    """Turn a time_budget, if there is any, into epochs: those of the runs there are, or measured."""
    first = runs[0].experiment
    budget, begun = first.train.time_budget, next((run.folder for run in runs if run.begun), None)
    if budget is None:
        return list(runs)
    if begun is None:
        epochs = timed(first, make).train.epochs
    else:
        epochs = stored_experiment(begun).train.epochs
        terminal.note(f"{epochs:g} epochs for {budget}, as in {begun.path}")
    return [replace(run, experiment=run.experiment.with_epochs(epochs)) for run in runs]


def _one(run: Repeat, accept_changes: bool, *, quiet: bool, json: bool, make: Build | None) -> bool:
    """Begin a run, or go on with it, unless it is finished; returns False where it was stopped."""
    if run.summary is not None:
        _tell_finished(run, run.summary, json)
        return True
    if not (quiet or json):
        terminal.say(f"{run.kind} {run.number}:")
    try:
        if run.begun:
            wanted = Wanted(_here(run.experiment), accept_changes=accept_changes)
            return resume_and_run(str(run.folder.path), wanted, quiet=quiet, json=json, make=make) is not None
        return start_and_run(run.experiment, run.folder.path, quiet=quiet, json=json, make=make) is not None
    except TrainingError as error:
        raise TrainingError(f"{run.kind} {run.number}: {error}") from error


def _here(experiment: Experiment) -> list[str]:
    """Return the settings that a run that goes on takes from the command instead of its own config."""
    return settings(experiment.engine, experiment.threads, data=Path(experiment.data.root))


def _tell_finished(run: Repeat, summary: dict[str, Any], json: bool) -> None:
    if json:
        terminal.emit_json({"kind": "summary", "folder": str(run.folder.path), **summary})
    else:
        accuracy = percent(summary["test"]["best"]["accuracy"]) + run.row.on_synthetic
        terminal.say_words(f"{run.kind} {run.number} is finished: test accuracy {accuracy}; {run.folder.path}")


def _together(runs: Sequence[Repeat], synthetic: bool) -> dict[str, Any]:
    """Compute means, and standard deviations of one run (n - 1; null for a single one), of those that are finished.

    Of folds the accuracy on the images held out, too: after the last epoch, since the best one is chosen by them.
    """
    done = [(run, run.summary) for run in runs if run.summary is not None]
    kind = f"{runs[0].kind}s"
    test = [summary["test"]["best"]["accuracy"] for _, summary in done]
    seconds = [summary["seconds"] for _, summary in done]
    together = {
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
    if kind == "folds":
        together["validation_accuracy"] = held_out
        together["validation_mean"] = spread(held_out).mean
        together["validation_deviation"] = spread(held_out).deviation
    return together


def _tell(together: dict[str, Any], command: str, *, json: bool) -> None:
    """Say what the runs came to, and where some are missing, how to go on."""
    kind = together["kind"]
    if json:
        terminal.emit_json(together)
    elif together["finished"]:
        terminal.say_words(_in_words(together))
    if not together["finished"]:
        count = len(together[kind])
        terminal.note(f"{count} of {count + len(together['missing'])} {kind} {'is' if count == 1 else 'are'} done")
        if count:
            terminal.note(_in_words(together))
        terminal.note(f"to go on with all of them: {command}")


def _command(inside: Path, *, given: bool) -> str:
    """Return the command as it was given, with the folder of the runs where it did not name one."""
    return shlex.join(["nndl", *sys.argv[1:], *([] if given else ["--run-dir", inside.as_posix()])])


def _in_words(together: dict[str, Any]) -> str:
    """Write: over 3 seeds: test accuracy 79.31 % on average, standard deviation 0.21 (79.48 %, ...); 0:45 ..."""
    kind = together["kind"]
    count = len(together[kind])
    images = " on SYNTHETIC images" if together["synthetic"] else ""
    test = _figure("test accuracy", together["test_accuracy"], together["mean"], together["deviation"], images)
    held_out = ""
    if kind == "folds":
        each, average, deviation = (together[f"validation_{name}"] for name in ("accuracy", "mean", "deviation"))
        held_out = f"{_figure('validation accuracy after the last epoch', each, average, deviation, images)}; "
    words = f"over {count} {kind if count > 1 else kind.removesuffix('s')}: {held_out}{test}"
    return f"{words}; {duration(together['mean_seconds'])} of training each"


def _figure(name: str, values: Sequence[float], average: float, deviation: float | None, images: str) -> str:
    each = ", ".join(percent(value) for value in values)
    spread = "" if deviation is None else f", standard deviation {100 * deviation:.2f}"
    return f"{name} {percent(average)}{images} on average{spread} ({each})"
