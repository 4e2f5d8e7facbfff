"""nndl verify-resume: prove for a config that a stopped and resumed training equals the uninterrupted one."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nndl.cli.numbers import numbers
from nndl.cli.options import Config, Data, Engine, Json, Set, Synthetic, Threads

if TYPE_CHECKING:
    from nndl.jobs.replay import Part

DIGITS = 16
"""Of a digest's 64 that the table shows."""

STEPS = typer.Option(metavar="N", help="Steps to train in all; by default 40, or those of the config if it has fewer.")
STOP_AT = typer.Option(metavar="N", help="The step to stop after and resume from; by default 17 of 40, and so on.")
RANKS = typer.Option(
    metavar="N,...", help="Processes before and after the stop, such as 2,1; by default one, without an MPI."
)


def verify_resume(
    config: Config,
    steps: Annotated[int | None, STEPS] = None,
    stop_at: Annotated[int | None, STOP_AT] = None,
    ranks: Annotated[str | None, RANKS] = None,
    engine: Engine = None,
    threads: Threads = None,
    data: Data = None,
    synthetic: Synthetic = False,
    override: Set = None,
    json: Json = False,
) -> None:
    """Train twice, once straight and once stopped and resumed from its files, and compare every bit.

    Exits with 1 where anything differs, and names the first tensor that does. Nothing is kept.
    """
    import tempfile

    from nndl.cli.screen import terminal
    from nndl.config import load_config
    from nndl.config.reading.overrides import SYNTHETIC, settings
    from nndl.jobs.budget import within_budget
    from nndl.jobs.parallel.verify import verify_ranks
    from nndl.jobs.replay import steps_and_stop
    from nndl.jobs.replay import verify_resume as verify

    sets = [*(SYNTHETIC if synthetic else ()), *settings(engine, threads, None, data), *(override or [])]
    counts = [] if ranks is None else numbers("--ranks", ranks)
    experiment = within_budget(load_config(config, sets), tell=terminal.note)
    steps, stop_at = steps_and_stop(experiment, steps, stop_at)
    with tempfile.TemporaryDirectory(prefix="nndl-") as folder:
        if counts:
            parts = verify_ranks(experiment, steps, stop_at, counts, Path(folder))
        else:
            parts = verify(experiment, steps, stop_at, Path(folder))
    about = {"config": experiment.name, "steps": steps, "stop_at": stop_at, "ranks": counts or None}
    if not _tell(about, parts, json):
        raise typer.Exit(1)


def _tell(about: dict[str, Any], parts: "Sequence[Part]", json: bool) -> bool:
    """Print what was compared; returns whether all of it is the same."""
    from nndl.cli.screen import terminal

    same = all(part.first is None for part in parts)
    if json:
        terminal.emit_json({**about, "identical": same, "parts": [vars(part) for part in parts]}, indent=2)
        return same
    rows = [(p.name, p.count, *(d[:DIGITS] for d in p.digests), "no" if p.first else "yes") for p in parts]
    title = f"{about['config']}: {about['steps']} steps straight, and stopped after {about['stop_at']} and resumed"
    title += f", on {', then '.join(map(str, about['ranks']))} ranks" if about["ranks"] else ""
    left = ("straight", "resumed", "identical")
    terminal.print_table(("what", "arrays", *left), rows, title=title, left=left)
    for part in parts:
        if part.first:
            terminal.say(f"first difference in {part.name}: {part.first}")
    terminal.say("identical to the last bit" if same else "NOT identical")
    return same
