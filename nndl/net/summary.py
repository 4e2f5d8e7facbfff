"""A network in figures: what its layers give, hold and cost, and the steps that an engine runs for them."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from nndl.net.plan import PlannedStep
from nndl.net.shapes import Placed, everything


def layer_rows(placed: Sequence[Placed], bytes_per_number: int) -> list[dict[str, Any]]:
    """Return a row for each layer, blocks before their layers: MACs an image and bytes of output kept for backward."""

    def random(_: str) -> np.random.Generator:
        return np.random.default_rng(0)  # only the shapes of what it draws are looked at

    rows = []
    for each in everything(placed):
        params = each.layer.initial_params(each.in_shape, random)
        rows.append(
            {
                "layer": each.path,
                "kind": each.layer.kind,
                "output": list(each.out_shape),
                "parameters": sum(value.size for value in params.values()),
                "macs": each.layer.macs(each.in_shape),
                "bytes": prod(each.out_shape) * bytes_per_number,
                "depth": each.path.count("."),
            }
        )
    return rows


def totals(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Sum over the layers. A block's own output is counted, and so is that of each layer in it."""
    return {key: sum(row[key] for row in rows) for key in ("parameters", "macs", "bytes")}


def step_rows(steps: Sequence[PlannedStep], depth: int = 0) -> list[dict[str, Any]]:
    """Return a row for each step; those of a block's branches follow it, one deeper."""
    rows = []
    for planned in steps:
        rows.append(
            {
                "layers": list(planned.paths),
                "step": type(planned.step).__name__,
                "input": list(planned.in_shape),
                "output": list(planned.out_shape),
                "gives": planned.gives,
                "depth": depth,
            }
        )
        for branch in planned.branches:
            rows += step_rows(branch, depth + 1)
    return rows
