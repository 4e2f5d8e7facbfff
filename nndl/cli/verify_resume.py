"""nndl verify-resume: prove for a config that a stopped and resumed training equals the uninterrupted one."""

from pathlib import Path
from typing import Annotated

import typer

from nndl.cli.complete import CONFIG, complete_engine
from nndl.cli.train import OVERRIDE

DIGITS = 16
"""Of a digest's 64 that the table shows."""


def verify_resume(
    config: Annotated[str, CONFIG],
    steps: Annotated[
        int | None, typer.Option(help="Steps to train in all; by default 40, or those of the config if it has fewer.")
    ] = None,
    stop_at: Annotated[
        int | None, typer.Option(help="The step to stop after and resume from; by default 17 of 40, and so on.")
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(help="auto, compiled, compiled_bf16, vectorized or reference.", autocompletion=complete_engine),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads to compute with.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder that holds the data set.")] = None,
    synthetic: Annotated[bool, typer.Option("--synthetic", help="Train on generated images instead.")] = False,
    override: Annotated[list[str] | None, OVERRIDE] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Train twice, once straight and once stopped and resumed from its files, and compare every bit.

    Exits with 1 where anything differs, and names the first tensor that does. Nothing is kept.
    """
    import tempfile

    from nndl.cli.screen import terminal
    from nndl.cli.screen.training import timed
    from nndl.cli.train import experiment_of, settings
    from nndl.jobs.replay import steps_and_stop
    from nndl.jobs.replay import verify_resume as verify

    experiment = timed(experiment_of(config, settings(engine, threads, None, data, override), synthetic))
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
