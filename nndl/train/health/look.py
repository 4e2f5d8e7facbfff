"""A look into a network in training mode: what each layer gives, what comes back to each weight. It changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from nndl.net.catalog.activation import (
    Elu,
    Gelu,
    HardSigmoid,
    HardSwish,
    LeakyRelu,
    Relu,
    Relu6,
    Silu,
)
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.plan import PlannedStep
from nndl.net.shapes import everything
from nndl.net.types import Array


@dataclass(frozen=True)
class Output:
    """Figures of the numbers that a layer gave for some images."""

    path: str
    """The layer's; one with a dot is within a block."""
    kind: str
    deviation: float
    """The standard deviation of all its numbers."""
    varies: float
    """The deviation of a number over the images, averaged over the layer: by so much it tells them apart."""
    dead: float | None = None
    """Of an activation, the share of units (channels, where it gives images) that let nothing through, of any image."""


@dataclass
class Look:
    """A network as it is, seen on some images, with the batch norm of training, without its dropout."""

    loss: float = 0.0
    """Without L2."""
    outputs: list[Output] = field(default_factory=list)
    """Of each layer, in the order in which they run; the last one gives the scores."""
    pull: dict[str, float] = field(default_factory=dict)
    """|dw| |w| of each weight that is trained: by how much its size would change the loss. Equal along a chain of
    ReLU layers without biases, and the same however a weight before batch norm is scaled."""


def look(network: Network, X: Array, y: Array) -> Look:
    """Compute what the network makes of X (N, C, H, W), in its own input's scale, and y (N,).

    Parameters, gradients and running statistics of `network` stay as they are: a twin computes, layer by layer as the
    engine runs each by itself, so that an engine that joins layers is seen as any other.
    """
    twin = network.twin(replace(network.engine, rules=()))
    seen = Look()
    layers = {placed.path: placed.layer for placed in everything(network.placed)}

    def watched(planned: PlannedStep) -> PlannedStep:
        layer = layers.get(planned.paths[-1])
        if layer is None:
            return planned
        step = _Left() if layer.draws else _Watched(planned, layer, seen.outputs.append)
        return replace(planned, step=step)

    for chain, place, planned in twin.chain("train").walk():
        chain.steps[place] = watched(planned)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        seen.loss = twin.part_loss(X, y)
        for name in twin.decayed:
            if name not in twin.frozen:
                w, dw = twin.params[name], twin.grads[name]
                seen.pull[name] = float(np.linalg.norm(w)) * float(np.linalg.norm(dw))
    return seen


class _Left:
    """A step that is left out: dropout or stochastic depth, whose noise a first loss is not to be blamed for."""

    def forward(self, x: Array) -> Array:
        return x

    def backward(self, dout: Array) -> Array:
        return dout


class _Watched:
    """A step that tells what goes through it."""

    def __init__(self, planned: PlannedStep, layer: Layer, tell: Callable[[Output], None]) -> None:
        self._step = planned.step
        self._path, self._layer, self._tell = planned.paths[-1], layer, tell

    def forward(self, x: Array) -> Array:
        dead = _dead(self._layer, x)  # before the step, which may write over x
        out = self._step.forward(x)
        some = out[:, :, ::2, ::2] if out.ndim == 4 else out  # neighbours say the same, at four times the cost
        varies = float(some.std(axis=0).mean())
        self._tell(Output(self._path, self._layer.kind, float(some.std()), varies, dead))
        return out

    def backward(self, dout: Array) -> Array | None:
        return self._step.backward(dout)


SHUT = {Relu: 0.0, Relu6: 0.0, Gelu: -3.0, HardSigmoid: -3.0, HardSwish: -3.0, Silu: -6.0}
"""Below or at which an activation gives (nearly) nothing, and passes back nothing."""


def _dead(layer: Layer, x: Array) -> float | None:
    """Return the share of units whose x (N, D) or (N, C, H, W) is shut everywhere; None for any other layer."""
    shut = SHUT.get(type(layer))
    if (isinstance(layer, LeakyRelu) and layer.negative_slope == 0) or (isinstance(layer, Elu) and layer.alpha == 0):
        shut = 0.0
    if shut is None:
        return None
    highest = x.max(axis=tuple(axis for axis in range(x.ndim) if axis != 1))
    return float(np.mean(highest <= shut))
