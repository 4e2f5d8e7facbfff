"""The findings of `nndl gradcheck`, as plain data."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from nndl.check.contracts import ContractError, check_layer, check_layer_gradients
from nndl.check.examples import EXAMPLES, SWEEPS, example_of
from nndl.check.figures import PUBLISHED, agrees, measure, notebook_batch
from nndl.check.gradients import Row
from nndl.check.networks import check_network
from nndl.engines import get_engine
from nndl.net.catalog import LAYERS
from nndl.net.layer import Layer
from nndl.net.network import Network

Record = dict[str, Any]

IMAGES = 2
"""Number of random images that a whole network is checked on."""

PATIENCE = 5.0
"""Seconds above which a check says how long it will take."""


SECONDS_BETWEEN_LINES = 5.0


class Progress:
    """Says every few seconds how much of a check is done, and how long the rest will take at that pace."""

    def __init__(self, total: int, what: str, say: Callable[[str], None]) -> None:
        """Begin: `total` times `what` are to come."""
        self._total, self._what, self._say, self._done = total, what, say, 0
        self._began = self._last_line = perf_counter()

    def __call__(self, name: str) -> None:
        """Take in that one more is done, in what goes by this name."""
        self._done += 1
        now = perf_counter()
        if now - self._last_line >= SECONDS_BETWEEN_LINES and self._done < self._total:
            self._last_line = now
            left = (now - self._began) / self._done * (self._total - self._done)
            self._say(f"{self._done:,} of {self._total:,} {self._what}, at {name}; about {left:.0f} s left")


def report_layers(
    kinds: Sequence[str],
    engine: str,
    *,
    coordinates: int,
    tolerance: float,
    seed: int,
    table: Mapping[str, Any] = LAYERS,
    say: Callable[[str], None] = lambda _: None,
) -> Record:
    """Return the rows of each layer's gradients, broken contracts, and spatial batch norm's figures.

    Gradients are shown for the first example of a kind; the contract is held in all of them, see examples.py. Where it
    takes long, `say` hears how far it is.
    """
    rows: list[Record] = []
    broken: list[str] = []
    kept = 0
    chosen, seen = get_engine(engine), Progress(len(kinds), "layers", say)
    for kind in kinds:
        layer, shape = example_of(table[kind])
        try:
            check = check_layer_gradients(layer, shape, chosen, coordinates=coordinates, tolerance=tolerance, seed=seed)
            rows += [_record(kind, row.name.removeprefix(f"{kind}1."), row) for row in check.rows]
            for other, its_shape in ((layer, shape), *SWEEPS.get(kind, ())):
                for dtype in ("float64",) if kind in LAYERS else ("float64", "float32"):  # ours the tests hold to both
                    kept += len(check_layer(other, its_shape, chosen, dtype=dtype, seed=seed))
        except ContractError as error:
            broken.append(str(error))
        seen(kind)
    figures = _figures(EXAMPLES["spatial_bn"][0]) if tuple(kinds) == ("spatial_bn",) else []
    return _with_verdict(
        {"engine": chosen.name, "rows": rows, "contract_checks": kept, "broken": broken, "figures": figures}
    )


def report_network(
    network: Network, *, coordinates: int, tolerance: float, seed: int, say: Callable[[str], None]
) -> Record:
    """Return the rows of a whole network's parameters, on a few random images with random labels.

    The parameters are drawn anew: see `scatter`. If it will take long, `say` hears how long, and then how far it is.
    """
    random = np.random.default_rng(seed)
    scatter(network, random)
    X = random.standard_normal((IMAGES, *network.input_shape))
    y = random.integers(0, network.placed[-1].out_shape[0], IMAGES)
    network.loss(X, y)
    start = perf_counter()
    network.loss(X, y)
    slopes = sum(1 + min(coordinates, value.size) for value in network.params.values())
    passes = 2 * slopes
    if (seconds := passes * (perf_counter() - start)) > PATIENCE:
        say(f"{passes} passes through the network, about {seconds:.0f} s; fewer with --coordinates")
    seen = Progress(slopes, "slopes", say)
    check = check_network(network, X, y, coordinates=coordinates, tolerance=tolerance, seed=seed, seen=seen)
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
