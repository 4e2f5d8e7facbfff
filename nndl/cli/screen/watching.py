"""The standing of a run that another process trains, and its end, as nndl watch shows them."""

from collections.abc import Sequence

from nndl.cli.screen import terminal
from nndl.cli.screen.braille import SPARKS
from nndl.cli.screen.epochs import EpochTable
from nndl.cli.screen.noticed import say_noticed
from nndl.cli.screen.pace import Pace, Plan
from nndl.paths import word
from nndl.runs.folder import RunFolder
from nndl.runs.listing import in_short, read_row, read_summary
from nndl.runs.shares import percent
from nndl.train.events import EpochDone, Event, Noticed, StepDone
from nndl.train.intervals import duration
from nndl.visible import visible


def show(plan: Plan, events: Sequence[Event], *, with_pace: bool) -> None:
    """Show the epochs done, what was noticed, and where the one under way stands."""
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


def ending(folder: RunFolder) -> str:
    """Say how the run ended, and what can be done with it."""
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


def _error(folder: RunFolder) -> str:
    return " ".join(str((read_summary(folder) or {}).get("error", "it failed")).split())
