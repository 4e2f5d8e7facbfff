"""nndl watch: follow a run that another process trains, by what it writes into its folder."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from nndl.cli.options import JsonLines, Run
from nndl.paths import word
from nndl.visible import visible

if TYPE_CHECKING:
    from nndl.cli.screen.progress import View
    from nndl.runs.folder import RunFolder


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
    from nndl.cli.screen.watching import ending, show
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
            show(plan, Tail(folder.metrics).events(), with_pace=folder.status() == "running")
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
        terminal.say(ending(folder))


def _find(text: str) -> "RunFolder":
    """Find the run; of a folder of several the one that is being trained, else the last."""
    from nndl.runs.folder import SeveralRunsError, find_run

    try:
        return find_run(text)
    except SeveralRunsError as error:
        return next((run for run in error.inside if run.status() == "running"), error.inside[-1])


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
