"""A network as a notebook shows it: a row for each layer."""

from collections.abc import Sequence

from nndl.html import table
from nndl.net.shapes import Placed
from nndl.net.summary import layer_rows, totals

HEADINGS = ("layer", "kind", "output", "parameters", "multiply-adds")


def layer_table(placed: Sequence[Placed]) -> str:
    """Return the layers as HTML: what each gives, holds and costs for one image, and the sums."""
    rows = layer_rows(placed, 4)
    sums = totals(rows)
    lines = [
        (each["layer"], each["kind"], " x ".join(map(str, each["output"])), each["parameters"], each["macs"])
        for each in rows
    ]
    return table(HEADINGS, [*lines, ("all", "", "", sums["parameters"], sums["macs"])])
