"""nndl resume: go on with a run, bit for bit as if it had never stopped."""

from typing import Annotated

import typer

from nndl.cli.complete import complete_engine
from nndl.cli.options import AcceptChanges, Data, JsonLines, Quiet, Run, Set
from nndl.cli.screen.ending import exit_code


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

    What is not as it was (config, images, versions, engine, threads) is listed, and needs --accept-changes.
    """
    from nndl.cli.screen.training import resume_and_run
    from nndl.config.reading.overrides import settings
    from nndl.jobs.resume import Wanted

    sets = [*settings(engine, threads, None, data), *(override or [])]
    if resume_and_run(run, Wanted(sets, None, epochs, accept_changes), quiet=quiet, json=json) is None:
        raise typer.Exit(exit_code())
