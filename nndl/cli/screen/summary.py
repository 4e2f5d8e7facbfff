"""A network layer by layer, as nndl summary shows it."""

from collections.abc import Sequence
from typing import Any

from nndl.cli.screen import terminal


def show(report: dict[str, Any]) -> None:
    """Print the layers, their sums, what a batch takes, and the steps of an engine if one was asked for."""
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
