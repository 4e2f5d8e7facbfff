"""nndl summary: what a config's network is made of, and how an engine would run it."""

from collections.abc import Sequence
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
        _show(report)


def plan(experiment: "Experiment", engine: str) -> dict[str, Any]:
    """Return the steps that run in training, after the engine's rewriting."""
    from nndl.engines import get_engine
    from nndl.net.network import Network
    from nndl.net.summary import step_rows

    chosen = get_engine(engine)
    network = Network(experiment.model.layers, experiment.data.input_shape, chosen, dtype=experiment.dtype)
    return {"engine": chosen.name, "steps": step_rows(network.describe())}


def _show(report: dict[str, Any]) -> None:
    from nndl.cli.screen import terminal

    rows = [
        (
            "  " * row["depth"] + row["layer"],
            row["kind"],
            _times(row["output"]),
            row["parameters"],
            row["macs"],
            _memory(row["bytes"]),
        )
        for row in report["layers"]
    ]
    sums = report["totals"]
    terminal.print_table(
        ("layer", "kind", "output", "parameters", "MACs", "activations"),
        rows,
        title=f"{report['name']}: per image, in {report['dtype']}",
        left=("kind", "output"),
        footer=("total", "", "", sums["parameters"], sums["macs"], _memory(sums["bytes"])),
    )
    batch = report["batch_size"]
    forward, memory = batch * sums["macs"] / 1e9, _memory(batch * sums["bytes"])
    terminal.say(f"\na batch of {batch}: {forward:.2f} GMAC forward, {memory} of activations")
    if "steps" in report:
        terminal.say()
        terminal.print_table(
            ("runs", "as", "output", "in memory"),
            [
                ("  " * row["depth"] + " + ".join(row["layers"]), row["step"], _times(row["output"]), row["gives"])
                for row in report["steps"]
            ],
            title=f"engine {report['engine']}, training",
            left=("as", "output", "in memory"),
        )


def _times(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def _memory(count: float) -> str:
    """Write bytes in the unit that suits."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.2f} GiB"
