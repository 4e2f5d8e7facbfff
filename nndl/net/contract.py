"""The engine as a network sees it: a value that says how each layer is run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

from nndl.net.layer import Layer
from nndl.net.shapes import Placed
from nndl.net.types import Array, Layout, Mode, Shape


@dataclass(frozen=True)
class Site:
    """All that a lowering may know of the place where a layer stands."""

    layer: Layer
    path: str
    shape: Shape
    """Of one example before the layer."""
    out_shape: Shape
    layout: Layout
    """The memory order of the value before the layer."""
    params: Mapping[str, Array]
    """The layer's parameters by their own names ("w"), views that always hold the current values."""
    grads: Mapping[str, Array]
    """The arrays that backward overwrites with the parameters' gradients; without those of frozen ones."""
    state: dict[str, Any]
    """The courses' param dict; arrays in it (running_mean) are the network's buffers, to be updated in place."""
    mode: Mode
    needs_dx: bool
    """False for the first layer: nothing asks for the gradient of the images."""
    dtype: np.dtype[Any]
    members: "tuple[Site, ...]" = ()
    """The sites of a fused group, in order; empty for a single layer."""

    @property
    def row(self) -> "tuple[Site, ...]":
        """The sites of the layers that run here, in order: the members of a group, or this one alone."""
        return self.members or (self,)


class Step(Protocol):
    """One step of a plan. Values are logically (N, C, H, W) or (N, D), with N free from call to call."""

    def forward(self, x: Array) -> Array:
        """Return the layer's output, perhaps in a buffer that the next call overwrites. x is left as it was."""
        ...

    def backward(self, dout: Array) -> Array | None:
        """Return dx for the last forward's x (None if not needed); parameter gradients go to the site's grads."""
        ...


class Lowered(NamedTuple):
    """A step and the memory orders it takes and gives."""

    step: Step
    takes: Layout | None
    """None: any order, and dx comes back in the order x had."""
    gives: Layout


Lowering = Callable[[Site], Lowered]

Share = Callable[[int, Callable[[int, int, int], None]], None]
"""share(count, work) calls work(start, stop, thread) until range(count) is covered, on several threads or one."""


def in_one_piece(count: int, work: Callable[[int, int, int], None]) -> None:
    """Do the work in one call: the Share of an engine without threads."""
    work(0, count, 0)


class Part(NamedTuple):
    """Numbers side by side in the vector of parameters, and the scalars of their update."""

    place: slice
    shrink: float
    """The factor on w before the rule."""
    pull: float
    """The share of w that is added to its gradient."""
    scalars: tuple[float, ...]
    """Those of the update rule's formula, in its own order."""


Update = Callable[[Sequence[Part], Array, Array, Sequence[Array]], Sequence[float]]
"""update(parts, w, dw, memory) changes the parts of w, and of the vectors that the rule remembers, in place.

Returns the sum of squares of each part of w.
"""


@dataclass(frozen=True)
class Rule:
    """Layers that stand in a row may run as one: the meaning stays the composition of the members' reference pairs."""

    pattern: tuple[type[Layer], ...]
    lower: Lowering
    accepts: Callable[[Sequence[Placed]], bool] = field(default=lambda members: True)  # noqa: ARG005
    """All policy: sizes, strides, channels for which the fused step exists or pays."""


@dataclass(frozen=True)
class Engine:
    """A name, how each type of layer is lowered, and which rows of layers run as one.

    A layer type that is not in `lowerings` runs by its definition.
    """

    name: str
    lowerings: Mapping[type[Layer], Lowering] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    param_axes: Mapping[tuple[type[Layer], str], tuple[int, ...]] = field(default_factory=dict)
    """Memory order of a parameter, where it is not the logical one: {(Conv, "w"): (2, 3, 1, 0)}."""
    updates: Mapping[str, Update] = field(default_factory=dict)
    """A pass of its own for an update rule, by the rule's name in YAML: float32, with the bits of the rule's passes."""
    share: Share = in_one_piece
    """The way that NumPy's passes over large arrays outside the layers (updates, sums of branches) use its threads."""
