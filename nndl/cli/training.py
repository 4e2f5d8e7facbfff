"""A training run at the command line: what is said before, during and after it."""

from pathlib import Path
from typing import Any

from nndl.api import describe_data, start_run
from nndl.cli import ui
from nndl.cli.interrupt import clean_stop
from nndl.cli.watch import choose_view, duration, percent
from nndl.config import Experiment, load_config
from nndl.config.build import Built, build
from nndl.engines import about as about_engine
from nndl.errors import CheckpointError
from nndl.runs.checkpoint import read_checkpoint
from nndl.runs.folder import RunFolder, find_run
from nndl.runs.training import keep_run


def begin(experiment: Experiment, run_dir: Path | None) -> tuple[Built, RunFolder]:
    """Everything for a new run, and its folder with config and environment written down."""
    built = build(experiment)
    folder = start_run(built, run_dir)
    return built, folder


def go_on(run: str) -> tuple[Built, RunFolder]:
    """Everything of a run that was stopped, as it stood; raises CheckpointError where it cannot go on as it began."""
    folder = find_run(run)
    arrays, info = read_checkpoint(folder.last)
    built = build(load_config(folder.config))
    before = folder.read_environment()
    if before["data_digest"] != built.split.dataset.digest:
        raise CheckpointError(f"{folder.path} was trained on other images than there are now (their checksums differ)")
    built.solver.restore(arrays, info)
    return built, folder


def run(built: Built, folder: RunFolder, *, quiet: bool, json: bool) -> bool:
    """Train, saying what happens; returns whether it came to its end."""
    solver, classes = built.solver, built.split.dataset.classes
    view = choose_view(solver, quiet=quiet, json=json)
    if json:
        ui.emit_json({"kind": "start", **_about(built, folder)})
    elif not quiet:
        ui.say(_first_line(_about(built, folder)))
        if built.experiment.engine == "auto" and built.network.engine.name != "compiled":
            ui.note("the compiled engine, some times faster, is not built: install gcc or clang, then nndl once more")
    try:
        with clean_stop(solver.stop), view:
            summary = keep_run(folder, solver, built.test, classes, view.see)
    except KeyboardInterrupt:
        _say_stopped(folder, f"stopped at once, at step {solver.step:,} of {solver.steps:,}")
        raise
    if summary["status"] != "finished":
        _say_stopped(folder, f"stopped after step {solver.step:,} of {solver.steps:,}, state saved")
        return False
    if json:
        ui.emit_json({"kind": "summary", "folder": str(folder.path), **summary})
    else:
        ui.say(_final_line(summary, folder, built.split.dataset.synthetic))
    return True


def _say_stopped(folder: RunFolder, what: str) -> None:
    if folder.last.is_file():
        ui.note(f"{what}: {folder.last}\nto go on: nndl train --resume {folder.path}")
    else:
        ui.note(f"{what}; no epoch was done, so there is nothing to go on from in {folder.path}")


def _about(built: Built, folder: RunFolder) -> dict[str, Any]:
    return {
        "name": built.experiment.name,
        "folder": str(folder.path),
        "data": describe_data(built),
        "parameters": built.network.params.size,
        **about_engine(built.network.engine),
        "dtype": built.experiment.dtype,
        "epochs": built.solver.epochs,
        "steps": built.solver.steps,
        "step": built.solver.step,
    }


def _first_line(about: dict[str, Any]) -> str:
    data, threads = about["data"], about["threads"]
    images = "SYNTHETIC images" if data["synthetic"] else data["name"]
    build = f" ({about['instructions']})" if about["instructions"] else ""
    resumed = f", from step {about['step']:,} of {about['steps']:,}" if about["step"] else ""
    return (
        f"{about['name']}: {images}, {data['train']:,} to train on, {data['validation']:,} to validate; "
        f"{about['parameters']:,} parameters; engine {about['engine']}{build}, "
        f"{threads} thread{'s' if threads > 1 else ''}, {about['dtype']}{resumed}\nrun folder: {about['folder']}"
    )


def _final_line(summary: dict[str, Any], folder: RunFolder, synthetic: bool) -> str:
    """test accuracy 75.31 % (best epoch 9: validation 75.80 %), after the last epoch 75.10 %; 5:12; runs/bn_cnn-..."""
    best, last = summary["test"]["best"], summary["test"]["last"]
    line = f"test accuracy {percent(best['accuracy'])}" + (" on SYNTHETIC images" if synthetic else "")
    if summary["best_validation_accuracy"] is not None:
        line += f" (best epoch {summary['best_epoch']}: validation {percent(summary['best_validation_accuracy'])})"
    if best is not last:
        line += f", after the last epoch {percent(last['accuracy'])}"
    return f"{line}; {duration(summary['seconds'])} of training; {folder.path}"
