"""nndl watch: follow a run that another process trains, by what it writes into its folder."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from nndl.cli.options import JsonLines, Run
from nndl.paths import word
from nndl.visible import visible

if TYPE_CHECKING:
    from nndl.cli.screen.pace import Plan
    from nndl.cli.screen.progress import View
    from nndl.runs.folder import RunFolder
    from nndl.train.events import Event


def watch(
    run: Run = "latest",
    once: Annotated[bool, typer.Option("--once", help="Show how the run stands, and end.")] = False,
    json: JsonLines = False,
) -> None:
    """Show a run's training as its own terminal does, until it ends; Ctrl+C ends the watching, not the training.

    Only reads: nothing that is done here reaches the training.
    """
    from nndl.cli.screen import terminal
    from nndl.cli.screen.progress import choose_view
    from nndl.runs.curves import plan_of
    from nndl.runs.files import is_there
    from nndl.runs.listing import read_row
    from nndl.runs.metrics import read_metrics
    from nndl.runs.tail import Tail, wait_for_begin

    folder = _find(run)
    try:
        wait_for_begin(folder)
        if not json:
            terminal.say(f"{folder.path}: {visible(folder.status())}{read_row(folder).on_synthetic}")
        records = list(read_metrics(folder.metrics, steps=False)) if is_there(folder.metrics) else []
        plan = plan_of(folder, records)
        if not json and (once or folder.status() != "running"):
            _show(plan, Tail(folder.metrics).events(), with_pace=folder.status() == "running")
        else:
            with choose_view(plan, quiet=False, json=json) as view:
                _follow(folder, view, once)
    except KeyboardInterrupt:
        terminal.note(f"the training is left alone; nndl watch {word(folder.path)} goes on watching")
        return
    if json:
        terminal.emit_json(
            {"kind": "status", "status": folder.status(), "images": read_row(folder).images, "folder": str(folder.path)}
        )
    else:
        terminal.say(_ending(folder))


def _find(text: str) -> "RunFolder":
    """Find the run; of a folder of several the one that is being trained, else the last."""
    from nndl.runs.folder import SeveralRunsError, find_run

    try:
        return find_run(text)
    except SeveralRunsError as error:
        return next((run for run in error.inside if run.status() == "running"), error.inside[-1])


def _show(plan: "Plan", events: "list[Event]", *, with_pace: bool) -> None:
    """Show the epochs done, what was noticed, and where the one under way stands."""
    from nndl.cli.screen import terminal
    from nndl.cli.screen.braille import SPARKS
    from nndl.cli.screen.epochs import EpochTable
    from nndl.cli.screen.noticed import say_noticed
    from nndl.cli.screen.pace import Pace
    from nndl.train.events import EpochDone, Noticed, StepDone

    epochs = [event for event in events if isinstance(event, EpochDone)]
    if epochs:
        validated = epochs[0].validation_accuracy is not None
        table = EpochTable(terminal.width(), validated=validated, bars=terminal.can_print("▏█"))
        for line in (table.heading(), *map(table.row, epochs)):
            terminal.say_styled(line)
    for noticed in (event for event in events if isinstance(event, Noticed)):
        say_noticed(noticed)
    steps = [event for event in events if isinstance(event, StepDone)]
    if steps and with_pace:
        pace = Pace(plan)
        for step in steps:
            pace.see(step)
        terminal.say_words(pace.words())
        if terminal.can_print(SPARKS):
            terminal.say(f"loss {pace.curve()}")


def _follow(folder: "RunFolder", view: "View", once: bool) -> None:
    """Show what is there and what comes; the rest of the file is read after the run is seen to have ended."""
    from nndl.runs.tail import PAUSE, Tail

    tail = Tail(folder.metrics)
    while True:
        ended = once or folder.status() != "running"
        for event in tail.events():
            view.see(event)
        if ended:
            return
        time.sleep(PAUSE)


def _ending(folder: "RunFolder") -> str:
    """Say how the run ended, and what can be done with it."""
    from nndl.runs.listing import in_short, read_row
    from nndl.runs.shares import percent
    from nndl.train.intervals import duration

    row, status = read_row(folder), folder.status()
    if status == "finished" and row.test is not None:
        best = "" if row.best_validation is None else f" (best validation {percent(row.best_validation)})"
        accuracy = f"test accuracy {percent(row.test)}{row.on_synthetic}"
        return f"finished: {accuracy}{best}; {duration(row.seconds or 0)} of training"
    done = f"{in_short(row.epochs)} epoch{'' if row.epochs == 1 else 's'}"
    if status == "running":
        return f"running, {done} done"
    if status == "imported":
        return "imported: weights from elsewhere, there was no training"
    why = {"died": "its process is gone", "interrupted": "it was stopped", "failed": _error(folder)}
    return f"{visible(status)}: {why.get(status, 'it has ended')} after {done}; nndl resume {word(folder.path)} goes on"


def _error(folder: "RunFolder") -> str:
    from nndl.runs.listing import read_summary

    return " ".join(str((read_summary(folder) or {}).get("error", "it failed")).split())
