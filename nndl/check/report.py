"""The findings of `nndl gradcheck`, as plain data."""

import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from nndl.check.contracts import ContractError, check_layer, check_layer_gradients
from nndl.check.examples import EXAMPLES
from nndl.check.figures import PUBLISHED, agrees, measure, notebook_batch
from nndl.check.gradients import Row
from nndl.check.networks import check_network
from nndl.check.student import passed_over, replaced
from nndl.engines import get_engine
from nndl.errors import UsageError
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.types import Shape

Record = dict[str, Any]

IMAGES = 2
"""Number of random images that a whole network is checked on."""

PATIENCE = 5.0
"""Seconds above which a check says how long it will take."""


class Subject(NamedTuple):
    """A layer to check, ours to compare it with if it is someone else's, and the shape before it."""

    layer: Layer
    ours: Layer | None
    shape: Shape


def subjects(kinds: Sequence[str], module: ModuleType | None) -> list[Subject]:
    """Return the example of each kind; with a student's module, of those whose functions it holds.

    Raises UsageError if it holds none.
    """
    ours = [EXAMPLES[kind] for kind in kinds]
    if module is None:
        return [Subject(layer, None, shape) for layer, shape in ours]
    theirs = [Subject(own, layer, shape) for layer, shape in ours if (own := replaced(layer, module)) is not None]
    if not theirs:
        pair = getattr(ours[0][0], "pair", None)
        example = f", such as {pair.forward.__name__}" if pair else ""
        raise UsageError(f"{module.__file__} has none of the functions to check{example}")
    return theirs


def unknown_halves(module: ModuleType) -> list[str]:
    """Return the functions of a student's module that look like halves of pairs and are none of a layer here."""
    return passed_over(module, [layer for layer, _ in EXAMPLES.values()])


def report_layers(checked: Sequence[Subject], engine: str, *, coordinates: int, tolerance: float, seed: int) -> Record:
    """Return the rows of each layer's gradients, broken contracts, and spatial batch norm's figures."""
    rows: list[Record] = []
    broken: list[str] = []
    kept = 0
    chosen = get_engine(engine)
    for layer, ours, shape in checked:
        try:
            check = check_layer_gradients(layer, shape, chosen, coordinates=coordinates, tolerance=tolerance, seed=seed)
            rows += [_record(layer.kind, row.name.removeprefix(f"{layer.kind}1."), row) for row in check.rows]
            kept += len(check_layer(layer, shape, chosen, against=ours, seed=seed))
        except ContractError as error:
            broken.append(str(error))
    alone = checked[0].layer if len(checked) == 1 else None
    figures = _figures(alone) if alone is not None and alone.kind == "spatial_bn" else []
    return _with_verdict(
        {"engine": chosen.name, "rows": rows, "contract_checks": kept, "broken": broken, "figures": figures}
    )


def report_network(
    network: Network, *, coordinates: int, tolerance: float, seed: int, say: Callable[[str], None]
) -> Record:
    """Return the rows of a whole network's parameters, on a few random images with random labels.

    The parameters are drawn anew: see `scatter`. If it will take long, `say` hears how long.
    """
    random = np.random.default_rng(seed)
    scatter(network, random)
    X = random.standard_normal((IMAGES, *network.input_shape))
    y = random.integers(0, network.placed[-1].out_shape[0], IMAGES)
    network.loss(X, y)
    start = time.perf_counter()
    network.loss(X, y)
    passes = sum(2 * (1 + min(coordinates, value.size)) for value in network.params.values())
    if (seconds := passes * (time.perf_counter() - start)) > PATIENCE:
        say(f"{passes} passes through the network, about {seconds:.0f} s; fewer with --coordinates")
    check = check_network(network, X, y, coordinates=coordinates, tolerance=tolerance, seed=seed)
    rows = []
    for row in check.rows:
        layer, _, name = row.name.rpartition(".")
        rows.append(_record(layer, name, row))
    return _with_verdict(
        {"engine": network.engine.name, "rows": rows, "contract_checks": 0, "broken": [], "figures": []}
    )


def scatter(network: Network, random: np.random.Generator) -> None:
    """Draw weights as He does and move all other parameters from where they start.

    A gradient is right at every point or wrong, but not visible at every point. Weights of 1e-3, where the courses'
    networks start, leave slopes of 1e-6, and a step of 1e-5 then carries dozens of ReLUs and maxima over their kinks;
    gamma 1 and beta 0 hide faults.
    """
    for name, value in network.params.items():
        if value.ndim > 1:
            fan_in = value[0].size if value.ndim == 4 else len(value)
            network.params[name] = random.normal(0.0, np.sqrt(2.0 / fan_in), value.shape)
        else:
            network.params[name] = value + random.normal(0.0, 0.2, value.shape)


def _with_verdict(found: Record) -> Record:
    right = all(row["verdict"] == "ok" for row in found["rows"])
    return {"passed": right and not found["broken"], **found}


def _record(layer: str, name: str, row: Row) -> Record:
    return {
        "layer": layer,
        "gradient": f"d{name}",
        "shape": row.shape,
        "checked": row.checked,
        "kinks": row.kinks,
        "max_relative_error": row.error,
        "verdict": row.verdict,
        "fault": row.fault,
    }


def _figures(layer: Layer) -> list[Record]:
    """Return a spatial batch norm's means and deviations per channel on the notebooks' x, and the published ones."""
    found = []
    for published in PUBLISHED:
        means, deviations = measure(layer.pair.forward, notebook_batch(), published.gamma, published.beta)
        found.append(
            {
                "gamma": published.gamma,
                "beta": published.beta,
                "means": means,
                "deviations": deviations,
                "published_means": published.means,
                "published_deviations": published.deviations,
                "agrees": agrees(published, means, deviations),
            }
        )
    return found
