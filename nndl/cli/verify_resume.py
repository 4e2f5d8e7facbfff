"""nndl verify-resume: prove for a config that a stopped and resumed training equals the uninterrupted one."""

from pathlib import Path
from typing import Annotated

import typer

from nndl.cli.options import Config, Data, Engine, Json, Set, Synthetic, Threads

DIGITS = 16
"""Of a digest's 64 that the table shows."""


def verify_resume(
    config: Config,
    steps: Annotated[
        int | None,
        typer.Option(metavar="N", help="Steps to train in all; by default 40, or those of the config if it has fewer."),
    ] = None,
    stop_at: Annotated[
        int | None,
        typer.Option(metavar="N", help="The step to stop after and resume from; by default 17 of 40, and so on."),
    ] = None,
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
    from nndl.cli.screen.training import timed
    from nndl.config import load_config
    from nndl.config.reading.overrides import SYNTHETIC, settings
    from nndl.jobs.replay import steps_and_stop
    from nndl.jobs.replay import verify_resume as verify

    sets = [*(SYNTHETIC if synthetic else ()), *settings(engine, threads, None, data), *(override or [])]
    experiment = timed(load_config(config, sets))
    steps, stop_at = steps_and_stop(experiment, steps, stop_at)
    with tempfile.TemporaryDirectory(prefix="nndl-") as folder:
        parts = verify(experiment, steps, stop_at, Path(folder))
    same = all(part.first is None for part in parts)
    about = {"config": experiment.name, "steps": steps, "stop_at": stop_at, "identical": same}
    if json:
        terminal.emit_json({**about, "parts": [vars(part) for part in parts]}, indent=2)
    else:
        rows = [(p.name, p.count, *(d[:DIGITS] for d in p.digests), "no" if p.first else "yes") for p in parts]
        title = f"{experiment.name}: {steps} steps straight, and stopped after {stop_at} and resumed"
        left = ("straight", "resumed", "identical")
        terminal.print_table(("what", "arrays", *left), rows, title=title, left=left)
        for part in parts:
            if part.first:
                terminal.say(f"first difference in {part.name}: {part.first}")
        terminal.say("identical to the last bit" if same else "NOT identical")
    if not same:
        raise typer.Exit(1)
