"""A training run at the command line: what is said before, during and after it."""

from pathlib import Path
from typing import Any

from nndl.cli.screen import terminal
from nndl.cli.screen.epochs import percent
from nndl.cli.screen.interrupt import watched
from nndl.cli.screen.loading import one_run
from nndl.cli.screen.progress import choose_view
from nndl.config import Experiment
from nndl.config.build import Build, Built, build
from nndl.engines import describe_engine
from nndl.jobs.budget import in_words, within_budget
from nndl.jobs.resume import Wanted, keeping, resume
from nndl.jobs.start import describe_data, start_run
from nndl.launched import ranks
from nndl.paths import word
from nndl.runs.files import is_there
from nndl.runs.folder import RunFolder
from nndl.runs.lock import lock_run
from nndl.runs.recorder import Keeping
from nndl.runs.training import keep_run
from nndl.train.intervals import duration

GETTING_READY = "reading the images, setting up the network"


def start_and_run(
    experiment: Experiment, run_dir: Path | None, *, quiet: bool, json: bool, make: Build | None = None
) -> dict[str, Any] | None:
    """Train from the beginning in a new folder; returns the run's summary, or None where it was stopped."""
    experiment = timed(experiment, make)
    with terminal.waiting(GETTING_READY, silent=quiet or json):
        built = (make or build)(experiment)
        folder = start_run(built, run_dir)
    return run(built, folder, keeping(built), quiet=quiet, json=json)


def timed(experiment: Experiment, make: Build | None = None) -> Experiment:
    """Return the experiment with its time_budget, if any, turned into epochs."""
    budget = experiment.train.time_budget
    if budget is None:
        return experiment
    try:
        terminal.note(f"timing steps, to know how many epochs fit into {budget}")
        fitting = within_budget(experiment, make)
    except KeyboardInterrupt:
        terminal.note("\nstopped while steps were timed; no run was begun")
        raise
    terminal.note(in_words(fitting.train.epochs, budget))
    return fitting


def resume_and_run(
    text: str, wanted: Wanted, *, quiet: bool, json: bool, make: Build | None = None
) -> dict[str, Any] | None:
    """Go on with a run as it stood; returns its summary, or None where it was stopped."""
    folder = one_run(text)
    with lock_run(folder.path):
        with terminal.waiting(GETTING_READY, silent=quiet or json):
            resumed = resume(folder, wanted, make)
        for note in resumed.notes:
            terminal.note(note)
        return run(resumed.built, folder, resumed.keeping, quiet=quiet, json=json)


def run(built: Built, folder: RunFolder, keeping: Keeping, *, quiet: bool, json: bool) -> dict[str, Any] | None:
    """Train, saying what happens; returns the run's summary, or None where it was stopped."""
    solver, classes = built.solver, built.split.dataset.classes
    view = choose_view(solver, quiet=quiet, json=json)
    if json:
        terminal.emit_json({"kind": "start", **_start_record(built, folder)})
    elif not quiet:
        terminal.say_words(_first_lines(_start_record(built, folder)))
        if built.experiment.engine == "auto" and built.network.engine.name != "compiled":
            terminal.note("the compiled engine, some times faster, is not built: nndl doctor says how to add it")
    try:
        with watched(solver, view) as see:
            summary = keep_run(folder, solver, built.test, classes, see, keeping, _warn)
    except KeyboardInterrupt:
        _say_stopped(folder, f"stopped at once, at step {solver.step:,} of {solver.steps:,}")
        raise
    if summary["status"] != "finished":
        _say_stopped(folder, f"stopped after step {solver.step:,} of {solver.steps:,}, state saved")
        return None
    if json:
        terminal.emit_json({"kind": "summary", "folder": str(folder.path), **summary})
    else:
        terminal.say_words(_final_line(summary, folder, built))
    return summary


def _warn(words: str) -> None:
    terminal.note(f"warning: {words}")


def _say_stopped(folder: RunFolder, what: str) -> None:
    if is_there(folder.last):
        terminal.note(f"{what}\nto go on: nndl resume {word(folder.path)}")
    else:
        terminal.note(f"{what}; no state was saved yet, so nndl resume {word(folder.path)} would begin again")


def _start_record(built: Built, folder: RunFolder) -> dict[str, Any]:
    return {
        "name": built.experiment.name,
        "folder": str(folder.path),
        "data": describe_data(built),
        "parameters": built.network.params.size,
        **describe_engine(built.network.engine),
        "ranks": ranks(),
        "shards": built.experiment.train.shards,
        "dtype": built.experiment.dtype,
        "epochs": built.solver.epochs,
        "steps": built.solver.steps,
        "step": built.solver.step,
    }


def _first_lines(start: dict[str, Any]) -> str:
    data, threads = start["data"], start["threads"]
    images = "SYNTHETIC images" if data["synthetic"] else data["name"]
    build = f" ({start['instructions']})" if start["instructions"] else ""
    several = f"{threads} thread{'s' if threads > 1 else ''}"
    several += f" on each of {start['ranks']} ranks" if start["ranks"] > 1 else ""
    shards = f", {start['shards']} shard{'s' if start['shards'] > 1 else ''}" if start["shards"] else ""
    resumed = f", from step {start['step']:,} of {start['steps']:,}" if start["step"] else ""
    return (
        f"{start['name']}: {images}, {data['train']:,} to train on, {data['validation']:,} to validate\n"
        f"{start['parameters']:,} parameters; engine {start['engine']}{build}, "
        f"{several}{shards}, {start['dtype']}{resumed}\nrun folder: {start['folder']}"
    )


def _final_line(summary: dict[str, Any], folder: RunFolder, built: Built) -> str:
    """Say "test accuracy 75.31 % (best epoch 9: validation 75.80 %), after the last epoch 75.10 %; 5:12; runs/..."."""
    best, last = summary["test"]["best"], summary["test"]["last"]
    line = f"test accuracy {percent(best['accuracy'])}"
    line += " on SYNTHETIC images" if built.split.dataset.synthetic else ""
    line += f", views averaged: {built.test.tta}" if built.test.tta != "none" else ""
    if summary["best_validation_accuracy"] is not None:
        line += f" (best epoch {summary['best_epoch']}: validation {percent(summary['best_validation_accuracy'])})"
    if best is not last:
        line += f", after the last epoch {percent(last['accuracy'])}"
    return f"{line}; {duration(summary['seconds'])} of training; {folder.path}"
