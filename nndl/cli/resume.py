"""nndl resume: go on with a run, bit for bit as if it had never stopped."""

from typing import Annotated

import typer

from nndl.cli.options import AcceptChanges, Data, JsonLines, OtherEngine, Quiet, Run, Set, Threads
from nndl.cli.screen.ending import exit_code


def resume(
    run: Run = "latest",
    epochs: Annotated[float | None, typer.Option(metavar="N", help="Epochs in all; extends a finished run.")] = None,
    override: Set = None,
    engine: OtherEngine = None,
    threads: Threads = None,
    data: Data = None,
    accept_changes: AcceptChanges = False,
    quiet: Quiet = False,
    json: JsonLines = False,
) -> None:
    """Go on with RUN from its newest whole state; the same as nndl train --resume RUN.

    Of a folder of several runs each that is not finished goes on, or, with --epochs, each; of folds those that were
    never begun are trained too.
    What is not as it was (config, images, versions, engine, threads) is listed, and needs --accept-changes.
    """
    from nndl.cli.screen.loading import one_run
    from nndl.cli.screen.training import Screen
    from nndl.config.reading.overrides import settings
    from nndl.jobs.parallel.team import team
    from nndl.jobs.resume import Wanted
    from nndl.jobs.resume_all import resume_all
    from nndl.jobs.training import go_on
    from nndl.runs.sets import folder_of_several

    own = settings(engine, threads, None, data)
    wanted = Wanted([*own, *(override or [])], None, epochs, accept_changes)
    with team() as us:
        screen = Screen(quiet=quiet, json=json)
        inside = folder_of_several(run)
        if inside is None:
            done = go_on(one_run(run), wanted, screen, us.build) is not None
        else:
            done = resume_all(inside, wanted, own, screen, us.build)
    if not done:
        raise typer.Exit(exit_code())
