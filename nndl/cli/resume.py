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

    from nndl.config import Experiment
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

    Of a folder of several runs each that is not finished goes on, or, with --epochs, each; of folds those that were
    never begun are trained too.
    What is not as it was (config, images, versions, engine, threads) is listed, and needs --accept-changes.
    """
    from nndl.cli.screen.loading import one_run
    from nndl.cli.screen.training import Screen
    from nndl.config.reading.overrides import settings
    from nndl.jobs.parallel.team import team
    from nndl.jobs.resume import Wanted
    from nndl.jobs.training import begin, go_on
    from nndl.runs.sets import folder_of_several

    sets = [*settings(engine, threads, None, data), *(override or [])]
    wanted = Wanted(sets, None, epochs, accept_changes)
    with team() as us:
        screen = Screen(quiet=quiet, json=json)
        this = partial(go_on, wanted=wanted, observer=screen, make=us.build)
        inside = folder_of_several(run)
        if inside is None:
            done = this(one_run(run)) is not None
        else:
            start = partial(begin, observer=this.keywords["observer"], make=us.build)
            done = _several(
                inside,
                this,
                start,
                settings(engine, threads, None, data),
                override,
                longer=epochs is not None,
                json=json,
            )
    if not done:
        raise typer.Exit(exit_code())


def _several(
    inside: Path,
    go_on: "Callable[[RunFolder], object]",
    begin: "Callable[[Experiment, Path], object]",
    sets: list[str],
    override: list[str] | None,
    *,
    longer: bool,
    json: bool,
) -> bool:
    """Go on with the runs in a folder, one after the other, and begin the folds it lacks; returns whether all ended."""
    from nndl.cli.screen import terminal
    from nndl.errors import UsageError
    from nndl.jobs.repeats import missing_folds
    from nndl.runs.folder import members

    runs = members(inside)
    left = [run for run in runs if longer or run.status() not in ("finished", "imported")]
    missing = list(missing_folds(runs, sets))
    if not (left or missing):
        raise UsageError(f"nothing in {inside} is left to train; --epochs N trains each of its runs to N epochs in all")
    if missing and override:
        raise UsageError(f"--set would make {missing[0]}, which is yet to begin, another experiment than its siblings")

    def start(path: Path) -> object:
        return begin(missing_folds(runs, sets)[path], path)  # with the epochs that its siblings have by now

    steps: list[tuple[Path, Callable[[], object]]] = [(run.path, partial(go_on, run)) for run in left]
    steps += [(path, partial(start, path)) for path in missing]
    for number, (path, train) in enumerate(steps):
        if not json:
            terminal.note(f"{path}:")
        if train() is None:
            of = len(runs) + len(missing)
            terminal.note(f"{len(steps) - number} of {of} runs are not done; to go on: nndl resume {word(inside)}")
            return False
    if not json and any(run.path.name.startswith("seed-") for run in runs):
        terminal.note(
            f"these are the seeds that were begun; whether more were wanted is written nowhere: nndl train CONFIG "
            f"--seeds N --run-dir {word(inside)} adds those that lack"
        )
    return True
