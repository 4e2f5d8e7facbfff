"""A training run at the command line: what is said before, during and after it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from nndl.cli.screen import terminal
from nndl.cli.screen.counts import count_of
from nndl.cli.screen.ending import asked_by
from nndl.cli.screen.interrupt import watched
from nndl.cli.screen.progress import choose_view
from nndl.config.build import Built
from nndl.engines import describe_engine
from nndl.jobs.resume_all import FolderObserver
from nndl.jobs.start import describe_data
from nndl.launched import ranks
from nndl.paths import word
from nndl.runs.files import is_there
from nndl.runs.folder import RunFolder
from nndl.runs.shares import percent
from nndl.train.events import Event
from nndl.train.intervals import duration
from nndl.train.solver import Solver
from nndl.train.views import in_words

GETTING_READY = "reading the images, setting up the network"


class Screen(FolderObserver):
    """A training as the command line shows it: lines, JSON lines, or with `quiet` the last line alone."""

    def __init__(self, *, quiet: bool, json: bool) -> None:
        self.quiet, self.json = quiet, json

    @property
    def silent(self) -> bool:
        """True where no words for a person belong on stdout."""
        return self.quiet or self.json

    def note(self, words: str) -> None:
        terminal.note(words)

    def heading(self, words: str) -> None:
        if not self.json:
            terminal.note(words)

    def getting_ready(self) -> AbstractContextManager[object]:
        return terminal.waiting(GETTING_READY, silent=self.silent)

    def begun(self, built: Built, folder: RunFolder) -> None:
        if self.json:
            terminal.emit_json({"kind": "start", **_start_record(built, folder)})
        elif not self.quiet:
            terminal.say_words(_first_lines(_start_record(built, folder)))
            if built.experiment.engine == "auto" and built.network.engine.name != "compiled":
                terminal.note("the compiled engine, some times faster, is not built: nndl doctor says how to add it")

    def watching(self, solver: Solver) -> AbstractContextManager[Callable[[Event], None]]:
        return watched(solver, choose_view(solver, quiet=self.quiet, json=self.json))

    def stopped(self, solver: Solver, folder: RunFolder, *, at_once: bool) -> None:
        so_far = f"{solver.step:,} of {solver.steps:,}"
        who = "" if asked_by() == "Ctrl+C" else f" ({asked_by()})"
        what = f"stopped at once, at step {so_far}" if at_once else f"stopped after step {so_far}{who}"
        if is_there(folder.last):
            saved = "" if at_once else ", state saved"
            terminal.note(f"{what}{saved}\nto go on: nndl resume {word(folder.path)}")
        else:
            terminal.note(f"{what}; no state was saved yet, so nndl resume {word(folder.path)} would begin again")

    def finished(self, built: Built, folder: RunFolder, summary: dict[str, Any]) -> None:
        if self.json:
            emit_summary(folder, summary)
        else:
            terminal.say_words(_final_line(summary, folder, built))


def emit_summary(folder: RunFolder, summary: dict[str, Any]) -> None:
    """Print a finished run's summary as a line of JSON."""
    terminal.emit_json({"kind": "summary", "folder": str(folder.path), **summary})


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
    several = count_of(threads, "thread")
    several += f" on each of {start['ranks']} ranks" if start["ranks"] > 1 else ""
    shards = f", {count_of(start['shards'], 'shard')}" if start["shards"] else ""
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
    line += f", views averaged: {in_words(built.test.tta)}" if built.test.tta != "none" else ""
    if summary["best_validation_accuracy"] is not None:
        line += f" (best epoch {summary['best_epoch']}: validation {percent(summary['best_validation_accuracy'])})"
    if summary.get("stopped_early"):
        patience = built.experiment.train.patience
        line += f", stopped early: none better for {patience} epoch{'' if patience == 1 else 's'}"
    if best is not last:
        line += f", after the last epoch {percent(last['accuracy'])}"
    return f"{line}; {duration(summary['seconds'])} of training; {folder.path}"
