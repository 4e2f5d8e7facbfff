"""The runs that a verb is asked for: one found, one loaded, and words for the person."""

import sys

from nndl.cli.screen import terminal
from nndl.errors import UsageError
from nndl.jobs.trained import Run, load_run
from nndl.paths import quoted, word
from nndl.runs.comparing import best_run
from nndl.runs.folder import MOST_NAMED, RunFolder, SeveralRunsError, find_run
from nndl.runs.listing import Row, read_row
from nndl.runs.shares import percent


def load(run: str, *, best: bool, engine: str | None = None, step: int | None = None) -> Run:
    """Return what `load_run` does; says so where the best weights were asked for and there are only the last."""
    loaded = load_run(one_run(run).path, best=best, engine=engine, step=step)
    if best and loaded.weights == "last":
        terminal.note(
            f"note: {loaded.folder.path} ended no epoch yet, so none is the best; "
            f"these are the last weights, of step {loaded.step:,}"
        )
    return loaded


def one_run(text: str) -> RunFolder:
    """Find the run as `find_run` does; of a folder of several says how they stand, and what to give for the best."""
    try:
        return find_run(text)
    except SeveralRunsError as error:
        rows = [read_row(folder) for folder in error.inside]
        best = best_run(rows) or rows[-1]
        which = "the one of the highest validation accuracy" if best.best_validation is not None else "the last of them"
        command = " ".join(["nndl", *(word(best.folder) if each == text else quoted(each) for each in sys.argv[1:])])
        more = [f"  and {len(rows) - MOST_NAMED} more"] if len(rows) > MOST_NAMED else []
        lines = [f"{error.path} holds {len(rows)} runs, and this takes one:", *map(_standing, rows[:MOST_NAMED]), *more]
        raise UsageError("\n".join([*lines, f"{which}: {command}"])) from None


def _standing(row: Row) -> str:
    """Return a line for a run: its folder, its status, how good it is."""
    scores = {"validation": row.best_validation, "test": row.test}
    known = [f"{name} {percent(score)}" for name, score in scores.items() if score is not None]
    return f"  {row.folder}  {', '.join([row.status, *known])}{row.on_synthetic if known else ''}"
