"""nndl train --seeds N: one config trained from several seeds, and what they say together."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from nndl.cli.screen import terminal
from nndl.cli.screen.epochs import percent
from nndl.cli.screen.training import resume_and_run, start_and_run, timed
from nndl.config import Experiment
from nndl.config.build import Build
from nndl.config.reading.overrides import settings
from nndl.errors import TrainingError
from nndl.jobs.resume import Wanted
from nndl.jobs.seeds import SeedRun, refuse_others, seed_runs
from nndl.jobs.stored import stored_experiment
from nndl.runs.folder import create_run_folder
from nndl.runs.listing import read_row
from nndl.train.intervals import duration


def train_seeds(
    experiment: Experiment,
    seeds: int,
    run_dir: Path | None,
    *,
    accept_changes: bool,
    quiet: bool,
    json: bool,
    make: Build | None = None,
) -> bool:
    """Train from `seeds` seeds, counted up from the experiment's; returns whether all came to their end.

    Each has a run folder of its own, seed-0, seed-1, ..., in `run_dir` or a new runs/NAME-TIME. What is finished there
    counts, and what was broken off goes on, so that the same command completes what it had to leave.
    """
    with _folder_of_all(experiment.name, run_dir) as inside:
        runs = seed_runs(experiment, seeds, inside)
        experiment = _timed(experiment, runs, make)  # once: all seeds train for as long
        refuse_others(runs, experiment, accept_changes)
        try:
            for run in runs:
                if not _one(run, experiment, accept_changes, quiet=quiet, json=json, make=make):
                    return False
        finally:
            if any(run.begun for run in runs):
                now = seed_runs(experiment, seeds, inside)
                _tell(
                    _together(now, experiment.data.dataset == "synthetic"),
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


def _timed(experiment: Experiment, runs: Sequence[SeedRun], make: Build | None) -> Experiment:
    """Turn the experiment's time_budget, if any, into epochs: those of the runs there are, or measured."""
    budget, begun = experiment.train.time_budget, next((run.folder for run in runs if run.begun), None)
    if budget is None or begun is None:
        return timed(experiment, make)
    epochs = stored_experiment(begun).train.epochs
    terminal.note(f"{epochs:g} epochs for {budget}, as in {begun.path}")
    return experiment.with_epochs(epochs)


def _one(
    run: SeedRun, experiment: Experiment, accept_changes: bool, *, quiet: bool, json: bool, make: Build | None
) -> bool:
    """Begin a seed's run, or go on with it, unless it is finished; returns False where it was stopped."""
    if run.summary is not None:
        _tell_finished(run, run.summary, json)
        return True
    if not (quiet or json):
        terminal.say(f"seed {run.seed}:")
    try:
        if run.begun:
            wanted = Wanted(_here(experiment), accept_changes=accept_changes)
            return resume_and_run(str(run.folder.path), wanted, quiet=quiet, json=json, make=make) is not None
        own = experiment.model_copy(update={"seed": run.seed})
        return start_and_run(own, run.folder.path, quiet=quiet, json=json, make=make) is not None
    except TrainingError as error:
        raise TrainingError(f"seed {run.seed}: {error}") from error


def _here(experiment: Experiment) -> list[str]:
    """Return the settings that a run that goes on takes from the command instead of its own config."""
    return settings(experiment.engine, experiment.threads, data=Path(experiment.data.root))


def _tell_finished(run: SeedRun, summary: dict[str, Any], json: bool) -> None:
    if json:
        terminal.emit_json({"kind": "summary", "folder": str(run.folder.path), **summary})
    else:
        accuracy = percent(summary["test"]["best"]["accuracy"]) + read_row(run.folder).on_synthetic
        terminal.say_words(f"seed {run.seed} is finished: test accuracy {accuracy}; {run.folder.path}")


def _together(runs: Sequence[SeedRun], synthetic: bool) -> dict[str, Any]:
    """Compute means, and standard deviations of one run (n - 1; null for a single one), of the finished runs."""
    done = [(run.seed, run.summary) for run in runs if run.summary is not None]
    test = [summary["test"]["best"]["accuracy"] for _, summary in done]
    seconds = [summary["seconds"] for _, summary in done]
    return {
        "finished": len(done) == len(runs),
        "synthetic": synthetic,
        "seeds": [seed for seed, _ in done],
        "missing": [run.seed for run in runs if run.summary is None],
        "test_accuracy": test,
        "mean": mean(test) if test else None,
        "deviation": stdev(test) if len(test) > 1 else None,
        "mean_seconds": mean(seconds) if seconds else None,
    }


def _tell(together: dict[str, Any], command: str, *, json: bool) -> None:
    """Tell what the seeds came to; where some are missing, with a note of how to go on."""
    if json:
        terminal.emit_json({"kind": "seeds", **together})
    elif together["finished"]:
        terminal.say_words(_in_words(together))
    if not together["finished"]:
        count = len(together["seeds"])
        terminal.note(f"{count} of {count + len(together['missing'])} seeds {'is' if count == 1 else 'are'} done")
        if count:
            terminal.note(_in_words(together))
        terminal.note(f"to go on with all of them: {command}")


def _command(inside: Path, *, given: bool) -> str:
    """Return the command as it was given, with the folder of the runs where it did not name one."""
    return shlex.join(["nndl", *sys.argv[1:], *([] if given else ["--run-dir", inside.as_posix()])])


def _in_words(together: dict[str, Any]) -> str:
    """Say "over 3 seeds: test accuracy 79.31 % on average, standard deviation 0.21 (...); 0:45 of training each"."""
    each = ", ".join(percent(accuracy) for accuracy in together["test_accuracy"])
    deviation = together["deviation"]
    spread = "" if deviation is None else f", standard deviation {100 * deviation:.2f}"
    count = len(together["seeds"])
    images = " on SYNTHETIC images" if together["synthetic"] else ""
    return (
        f"over {count} seed{'s' if count > 1 else ''}: test accuracy {percent(together['mean'])}{images} on average"
        f"{spread} ({each}); {duration(together['mean_seconds'])} of training each"
    )
