"""nndl resume: go on with a run, bit for bit as if it had never stopped."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nndl.cli.complete import complete_engine
from nndl.cli.options import AcceptChanges, Data, JsonLines, Quiet, Run, Set
from nndl.cli.screen.ending import exit_code
from nndl.paths import word

if TYPE_CHECKING:
    from collections.abc import Callable

    from nndl.runs.folder import RunFolder


def resume(
    run: Run = "latest",
    epochs: Annotated[float | None, typer.Option(metavar="N", help="Epochs in all; extends a finished run.")] = None,
    override: Set = None,
    engine: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another engine.", autocompletion=complete_engine)
    ] = None,
    threads: Annotated[int | None, typer.Option(metavar="N", help="Another number of threads.")] = None,
    data: Data = None,
    accept_changes: AcceptChanges = False,
    quiet: Quiet = False,
    json: JsonLines = False,
) -> None:
    """Go on with RUN from its newest whole state; the same as nndl train --resume RUN.

    Of a folder of several runs each that is not finished goes on, or, with --epochs, each.
    What is not as it was (config, images, versions, engine, threads) is listed, and needs --accept-changes.
    """
    from nndl.cli.screen.loading import one_run
    from nndl.cli.screen.training import Screen
    from nndl.config.reading.overrides import settings
    from nndl.jobs.parallel.team import team
    from nndl.jobs.resume import Wanted
    from nndl.jobs.training import go_on
    from nndl.runs.sets import folder_of_several

    sets = [*settings(engine, threads, None, data), *(override or [])]
    wanted = Wanted(sets, None, epochs, accept_changes)
    with team() as us:
        this = partial(go_on, wanted=wanted, observer=Screen(quiet=quiet, json=json), make=us.build)
        inside = folder_of_several(run)
        if inside is None:
            done = this(one_run(run)) is not None
        else:
            done = _several(inside, this, longer=epochs is not None, json=json)
    if not done:
        raise typer.Exit(exit_code())


def _several(inside: Path, go_on: "Callable[[RunFolder], object]", *, longer: bool, json: bool) -> bool:
    """Go on with the runs in a folder, one after the other; returns whether all came to their end."""
    from nndl.cli.screen import terminal
    from nndl.errors import UsageError
    from nndl.runs.folder import members

    runs = members(inside)
    left = [run for run in runs if longer or run.status() not in ("finished", "imported")]
    if not left:
        raise UsageError(f"nothing in {inside} is left to train; --epochs N trains each of its runs to N epochs in all")
    for number, run in enumerate(left):
        if not json:
            terminal.note(f"{run.path}:")
        if go_on(run) is None:
            terminal.note(
                f"{len(left) - number} of {len(runs)} runs are not done; to go on: nndl resume {word(inside)}"
            )
            return False
    return True
