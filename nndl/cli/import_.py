"""nndl import: weights from elsewhere as a run."""

from pathlib import Path
from typing import Annotated

import typer

from nndl.cli.options import Config, Data, Json, RunDir, Set
from nndl.paths import expanded, word


def import_weights(
    config: Config,
    weights: Annotated[
        Path,
        typer.Argument(
            metavar="WEIGHTS", parser=expanded, help="A .safetensors or .npz file, as nndl export writes them."
        ),
    ],
    override: Set = None,
    data: Data = None,
    run_dir: RunDir = None,
    json: Json = False,
) -> None:
    """Take weights for a config's network, and make a run of them: for eval, predict and export.

    The names are PyTorch's (conv1.weight) or nndl's own (conv1.w); every array must be there and of its shape. How
    images are normalised comes with the weights, or else from the data set.
    """
    from nndl.cli.screen import terminal
    from nndl.config import load_config
    from nndl.config.reading.overrides import settings
    from nndl.errors import UsageError
    from nndl.export.importing import import_run

    if Path(config).suffix in (".safetensors", ".npz", ".pt", ".pth"):
        raise UsageError(f"the config comes first, then the weights: nndl import {word(weights)} {word(config)}")

    folder = import_run(load_config(config, [*settings(data=data), *(override or [])]), weights, run_dir)
    if json:
        terminal.emit_json({"folder": str(folder.path), "config": config, "weights": str(weights)})
    else:
        terminal.say(f"{folder.path}\n  nndl eval {word(folder.path)}")
