"""A layer of a network watched while a batch goes through it: what it takes and gives, forward and back."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np

from nndl.net.contract import Engine, Lowered, Lowering, Site, Step
from nndl.net.network import Network
from nndl.net.shapes import Placed, everything
from nndl.net.steps import lower_by_definition
from nndl.net.types import Array


class WatchedStep:
    """A step that hands on what another computes, and keeps copies."""

    def __init__(self, step: Step, site: Site, seen: dict[str, Array]) -> None:
        self.step, self.site, self.seen = step, site, seen

    def forward(self, x: Array) -> Array:
        """Run the step forward; of a layer that draws, u is what it draws."""
        self._keep("x", x)
        if "rng" in self.site.state:
            shape = (len(x), *self.site.layer.drawn(self.site.shape))
            self._keep("u", deepcopy(self.site.state["rng"]).random(shape))
        for name, value in self.site.params.items():
            self._keep(name, value)
        out = self.step.forward(x)
        self._keep("out", out)
        return out

    def backward(self, dout: Array) -> Array | None:
        """Run the step backward; dx is None where nothing asks for it."""
        self._keep("dout", dout)
        dx = self.step.backward(dout)
        if dx is not None:
            self._keep("dx", dx)
        for name, value in self.site.grads.items():
            self._keep(f"d{name}", value)
        return dx

    def _keep(self, name: str, value: Array) -> None:
        self.seen[name] = np.array(value, order="C")


def watch(network: Network, path: str, X: Array, y: Array) -> tuple[dict[str, Array], float]:
    """Send a batch through a network, forward and back; returns what its layer at `path` took and gave, and the loss.

    By name: x, out, dout, dx (not of the first layer), w and other parameters, dw (without what L2 adds). Every layer
    runs as a step of its own. The network's parameters stay, its gradients and statistics are a twin's.
    """
    seen: dict[str, Array] = {}
    twin = network.twin(_watching(network.engine, network.placed, path, seen))
    return seen, twin.part_loss(X, y)


def _watching(engine: Engine, placed: Sequence[Placed], path: str, seen: dict[str, Array]) -> Engine:
    """Return the engine without rules that join layers, with the layer at `path` watched in training."""

    def watched(lower: Lowering) -> Callable[[Site], Lowered]:
        def lowered(site: Site) -> Lowered:
            made = lower(site)
            here = site.path == path and site.mode == "train"
            return made._replace(step=WatchedStep(made.step, site, seen)) if here else made

        return lowered

    kinds = {type(each.layer) for each in everything(placed)}
    table: dict[Any, Lowering] = {kind: watched(engine.lowerings.get(kind, lower_by_definition)) for kind in kinds}
    return replace(engine, lowerings=table, rules=())
