"""nndl summary: what a config's network is made of, and how an engine would run it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nndl.cli.complete import complete_engine
from nndl.cli.options import Config, Json, Set

if TYPE_CHECKING:
    from nndl.config import Experiment


def summary(
    config: Config,
    engine: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Show too the steps this engine runs.", autocompletion=complete_engine),
    ] = None,
    override: Set = None,
    json: Json = False,
) -> None:
    """Show a network layer by layer: shapes, parameters, multiply-adds, memory."""
    from nndl.cli.screen import terminal
    from nndl.cli.screen.summary import show
    from nndl.config import load_config
    from nndl.net.shapes import infer_shapes
    from nndl.net.summary import layer_rows, totals

    experiment = load_config(config, override or [], look=True)
    layers = layer_rows(
        infer_shapes(experiment.model.layers, experiment.data.input_shape), 8 if experiment.dtype == "float64" else 4
    )
    report = {"name": experiment.name, "dtype": experiment.dtype, "batch_size": experiment.train.batch_size}
    report |= {"layers": layers, "totals": totals(layers)}
    if engine is not None:
        report |= plan(experiment, engine)
    if json:
        terminal.emit_json(report)
    else:
        show(report)


def plan(experiment: "Experiment", engine: str) -> dict[str, Any]:
    """Return the steps that run in training, after the engine's rewriting."""
    from nndl.engines import get_engine
    from nndl.net.network import Network
    from nndl.net.summary import step_rows

    chosen = get_engine(engine)
    network = Network(experiment.model.layers, experiment.data.input_shape, chosen, dtype=experiment.dtype)
    return {"engine": chosen.name, "steps": step_rows(network.describe())}
