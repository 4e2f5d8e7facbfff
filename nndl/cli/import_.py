"""nndl import: weights from elsewhere as a run."""

from pathlib import Path
from typing import Annotated

import typer

from nndl.cli.complete import CONFIG


def import_weights(
    config: Annotated[str, CONFIG],
    weights: Annotated[Path, typer.Argument(help="A .safetensors or .npz file, as nndl export writes them.")],
    override: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set a config value. Repeatable.")
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder that holds the data set.")] = None,
    run_dir: Annotated[Path | None, typer.Option(help="The run's folder, instead of runs/NAME-TIME.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Take weights for a config's network, and make a run of them: for eval, predict and export.

    The names are PyTorch's (conv1.weight) or nndl's own (conv1.w); every array must be there and of its shape. How
    images are normalised comes with the weights, or else from the data set.
    """
    from nndl.cli.screen import terminal
    from nndl.config import load_config
    from nndl.config.reading.overrides import quoted
    from nndl.export.importing import import_run

    moved = [] if data is None else [f"data.root={quoted(data)}"]
    folder = import_run(load_config(config, [*moved, *(override or [])]), weights, run_dir)
    if json:
        terminal.emit_json({"folder": str(folder.path), "config": config, "weights": str(weights)})
    else:
        terminal.say(f"{folder.path}\n  nndl eval {folder.path}")
