"""nndl resume: go on with a run, bit for bit as if it had never stopped."""

from pathlib import Path
from typing import Annotated

import typer

from nndl.cli.complete import RUN, complete_engine
from nndl.cli.train import ACCEPT, OVERRIDE, train


def resume(
    run: Annotated[str, RUN] = "latest",
    epochs: Annotated[float | None, typer.Option(help="Epochs in all; extends a finished run.")] = None,
    override: Annotated[list[str] | None, OVERRIDE] = None,
    engine: Annotated[str | None, typer.Option(help="Another engine.", autocompletion=complete_engine)] = None,
    threads: Annotated[int | None, typer.Option(help="Another number of threads.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder that holds the data set now.")] = None,
    accept_changes: Annotated[bool, ACCEPT] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the final line only.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print every event as a line of JSON.")] = False,
) -> None:
    """Go on with RUN from its newest whole state; the same as nndl train --resume RUN.

    What is not as it was (config, images, versions, engine, threads) is listed, and needs --accept-changes.
    """
    train(
        override=override,
        epochs=epochs,
        engine=engine,
        threads=threads,
        data=data,
        resume=run,
        accept_changes=accept_changes,
        quiet=quiet,
        json=json,
    )
