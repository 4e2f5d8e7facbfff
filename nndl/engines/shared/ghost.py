"""Ghost batch norm in training: each part of the batch by a step of its own, as nndl.layers.in_ghost_batches has it.

A part is a slice of the batch, contiguous in memory, so the steps of plain batch norm read and write it where it lies.
In evaluation there are no parts (Layer.in_evaluation).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from nndl.engines.shared.layout import channels_first
from nndl.engines.shared.workspace import Workspace
from nndl.net.catalog.norm import Bn, SpatialBn
from nndl.net.contract import Site, Step
from nndl.net.layer import Layer
from nndl.net.shapes import Placed
from nndl.net.types import Array, Shape


class PartStep(Step, Protocol):
    """A step that starts with a batch norm and can be told where its results go."""

    def forward_into(self, x: Array, out: Array) -> None:
        """Write the output to `out`, in the memory order that the step gives."""
        ...

    def backward_into(self, dout: Array, dx: Array) -> None:
        """Write dx, in the memory order of x."""
        ...


MakeStep = Callable[[Site], PartStep]


class Part:
    """A part of the batch: its step writes running statistics and gradients of its own, to be brought together."""

    def __init__(self, site: Site, make: MakeStep) -> None:
        norm, *behind = site.row
        self.running = {name: np.zeros(value.shape) for name, value in running_of(norm).items()}
        self.grads = {name: np.zeros(value.shape) for name, value in norm.grads.items()}
        own = replace(norm, state={**norm.state, **self.running}, grads=self.grads)
        self.step = make(replace(site, members=(own, *behind)))

    def forward(self, x: Array, out: Array, running: Mapping[str, Array]) -> None:
        """Write the output of x; `running` is what the running statistics were before."""
        for name, value in running.items():
            self.running[name][...] = value
        self.step.forward_into(x, out)


class GhostStep:
    """A batch norm over `size` examples at a time, with what `make` takes behind it."""

    def __init__(self, site: Site, size: int, make: MakeStep) -> None:
        self.site, self.size, self.make = site, size, make
        self.norm = site.row[0]
        self.parts: list[Part] = []
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        out, parts = self._room("out", len(x), self.site.out_shape), self._parts(len(x))
        running = running_of(self.norm)
        for part, place in parts:
            part.forward(x[place], out[place], running)
        for name, value in running.items():
            value[...] = sum(len(x[place]) / len(x) * part.running[name] for part, place in parts)
        return out

    def backward(self, dout: Array) -> Array | None:
        dx, parts = self._room("dx", len(dout), self.site.shape), self._parts(len(dout))
        for part, place in parts:
            part.step.backward_into(dout[place], dx[place])
        for name, gradient in self.norm.grads.items():
            gradient[...] = sum(part.grads[name] for part, _ in parts)
        return dx

    def _parts(self, count: int) -> list[tuple[Part, slice]]:
        """Return the parts of a batch of `count` examples, and where they lie; the last may be smaller."""
        places = [slice(start, start + self.size) for start in range(0, count, self.size)]
        self.parts += [Part(self.site, self.make) for _ in places[len(self.parts) :]]
        return list(zip(self.parts, places, strict=False))

    def _room(self, name: str, count: int, shape: Shape) -> Array:
        if len(shape) == 1:
            return self.workspace.array(name, (count, *shape), self.site.dtype)
        C, H, W = shape
        return channels_first(self.workspace.array(name, (count, H, W, C), self.site.dtype))


def running_of(norm: Site) -> dict[str, Array]:
    """Return the running statistics of a batch norm."""
    return {name: value for name, value in norm.state.items() if isinstance(value, np.ndarray)}


def ghost_size(layer: Layer) -> int | None:
    """Return how many examples share their statistics, where the layer is a batch norm over less than the batch."""
    return layer.ghost_batch_size if isinstance(layer, SpatialBn | Bn) else None


def in_parts(site: Site, make: MakeStep) -> Step:
    """Make the step for a batch norm and what is behind it: make(site), or for ghost batch norm one for each part."""
    size = ghost_size(site.row[0].layer)
    return make(site) if size is None else GhostStep(site, size, make)


def over_whole_batch(members: Sequence[Placed]) -> bool:
    """Tell whether a batch norm among the members, if any, takes its statistics over the whole batch."""
    return all(ghost_size(placed.layer) is None for placed in members)
