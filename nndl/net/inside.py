"""A trained network looked into: what each of its layers gives in evaluation, and how its scores move with that."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from nndl.net.contract import Engine, Lowered, Site, Step
from nndl.net.network import Network
from nndl.net.plan import Chain, Planner
from nndl.net.shapes import everything
from nndl.net.steps import ConvertStep, lower_by_definition
from nndl.net.types import Array, layout_of


@dataclass
class _Watched:
    """A step of which the output, and on the way back its gradient, are kept, each in an array of its own."""

    step: Step
    out: Array = field(init=False)
    dout: Array = field(init=False)

    def forward(self, x: Array) -> Array:
        out = self.step.forward(x)
        self.out = out.copy()
        return out

    def backward(self, dout: Array) -> Array | None:
        self.dout = dout.copy()
        return self.step.backward(dout)


def outputs(network: Network, X: Array) -> dict[str, Array]:
    """Return what each layer gives for X (N, C, H, W) in evaluation, by its path, in order, those inside a block too.

    No layers are fused: "relu1" has an entry of its own where the plan runs it with the convolution. Raises ValueError
    for images of another shape.
    """
    chain = _plan(network)
    watched = dict(_watch(chain))
    chain.forward(_taken(network, X))
    return {path: step.out for path, step in watched.items()}


def gradients(network: Network, X: Array, dscores: Array) -> tuple[Array, dict[str, Array]]:
    """Return the gradient of sum(dscores * scores) in evaluation by X, and by what each layer gives, by its path.

    X (N, C, H, W), dscores (N, classes): for one class its column of ones, for the loss what the loss returns. The
    network's own gradients, those by its parameters, are left alone. Raises ValueError for other shapes.
    """
    chain = _plan(network)
    watched = dict(_watch(chain))
    scores = chain.forward(_taken(network, X))
    if np.shape(dscores) != scores.shape:
        raise ValueError(f"dscores has a number for each score {scores.shape}, and this is {np.shape(dscores)}")
    dx = chain.backward(np.ascontiguousarray(dscores, network.dtype))
    assert dx is not None
    return dx.copy(), {path: step.dout for path, step in watched.items()}


def _taken(network: Network, X: Array) -> Array:
    if X.shape[1:] != network.input_shape:
        raise ValueError(f"this network takes images of shape {network.input_shape}, not {X.shape[1:]}")
    return np.ascontiguousarray(X, network.dtype)


def _plan(network: Network) -> Chain:
    """Plan every layer as a step of its own that can go back."""
    arrays = network.params, network.grads, network.buffers
    planner = Planner(_apart(network), *arrays, "train", network.dtype, frozen=tuple(network.params))
    return planner.chain(network.placed, layout_of(network.input_shape), needs_dx=True)


def _apart(network: Network) -> Engine:
    """Return the network's engine without fusion; layers that evaluate otherwise than they train, by definition.

    Engines prepare the way back in training alone, where a batch norm would take the batch's statistics.
    """
    other = {type(p.layer) for p in everything(network.placed) if p.layer.draws or p.layer.buffers(p.in_shape)}
    lowerings = {**network.engine.lowerings, **dict.fromkeys(other, _lower_in_evaluation)}
    return replace(network.engine, rules=(), lowerings=lowerings)


def _lower_in_evaluation(site: Site) -> Lowered:
    return lower_by_definition(replace(site, mode="test", state={**site.state, "mode": "test"}))


def _watch(whole: Chain) -> Iterator[tuple[str, _Watched]]:
    """Put a watch on every layer's step, in its chain, and yield it with the layer's path; not on conversions."""
    for chain, place, planned in whole.walk():
        if not isinstance(planned.step, ConvertStep):
            watched = _Watched(planned.step)
            chain.steps[place] = replace(planned, step=watched)
            yield planned.paths[0], watched
