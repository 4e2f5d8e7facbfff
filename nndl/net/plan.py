"""From placed layers to steps: rewrite rows of layers into groups, lower each, convert between memory orders."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nndl.errors import ConfigError
from nndl.net.catalog.block import Block
from nndl.net.catalog.branching import Concat
from nndl.net.contract import Engine, Lowered, Lowering, Rule, Site, Step
from nndl.net.params import Params
from nndl.net.shapes import Placed, everything
from nndl.net.steps import BlockStep, ConcatStep, ConvertStep, SumStep, lower_by_definition
from nndl.net.types import Array, Layout, Mode, Shape, layout_of


@dataclass(frozen=True)
class Group:
    """Layers in a row that run as one step. Its meaning is the composition of its members' reference pairs."""

    members: tuple[Placed, ...]
    rule: Rule


def rewrite(layers: Sequence[Placed], rules: Sequence[Rule]) -> list[Placed | Group]:
    """Replace rows of layers by groups: at each place the first rule that fits wins."""
    result: list[Placed | Group] = []
    start = 0
    while start < len(layers):
        group = next((g for rule in rules if (g := _match(layers[start:], rule))), None)
        result.append(group or layers[start])
        start += len(group.members) if group else 1
    return result


def _match(layers: Sequence[Placed], rule: Rule) -> Group | None:
    members = tuple(layers[: len(rule.pattern)])
    fits = len(members) == len(rule.pattern) and all(
        type(placed.layer) is wanted for placed, wanted in zip(members, rule.pattern, strict=True)
    )
    return Group(members, rule) if fits and rule.accepts(members) else None


@dataclass(frozen=True)
class PlannedStep:
    """A step with what `summary` says of it and what an error names."""

    step: Step
    paths: tuple[str, ...]
    in_shape: Shape
    out_shape: Shape
    gives: Layout

    @property
    def branches(self) -> "list[list[PlannedStep]]":
        """The steps of a block, branch by branch; of any other step none."""
        return [chain.steps for chain in self.chains]

    @property
    def chains(self) -> "list[Chain]":
        """The branches of a block; of any other step none."""
        branches = self.step.branches if isinstance(self.step, BlockStep) else ()
        return [branch for branch in branches if isinstance(branch, Chain)]


Seen = Callable[[tuple[str, ...]], None]
"""Is told the paths of layers that are done with."""


def nothing_seen(paths: tuple[str, ...]) -> None:
    """Be told, and do nothing."""


@dataclass
class Chain:
    """Steps in a row; itself a step."""

    gives: Layout
    """The memory order behind the last step; of an empty chain, that of what it is given."""
    steps: list[PlannedStep] = field(default_factory=list)

    def append(self, lowered: Lowered, paths: tuple[str, ...], in_shape: Shape, out_shape: Shape) -> None:
        """Add a step, and before it the conversion to the memory order it takes, where the value lies in another."""
        if lowered.takes is not None:
            self.convert(lowered.takes, in_shape)
        self.steps.append(PlannedStep(lowered.step, paths, in_shape, out_shape, lowered.gives))
        self.gives = lowered.gives

    def convert(self, layout: Layout, shape: Shape) -> None:
        """Bring the value, of this shape, into memory order `layout`, where it lies in another."""
        if layout != self.gives:
            step = ConvertStep(self.gives, layout)
            self.steps.append(PlannedStep(step, (f"to {layout}",), shape, shape, layout))
            self.gives = layout

    def walk(self) -> "Iterator[tuple[Chain, int, PlannedStep]]":
        """Yield every step with its chain and its place there, those of branches before their block.

        Whoever looks into a network puts a watch there: `chain.steps[place] = ...`.
        """
        for place, planned in enumerate(self.steps):
            for branch in planned.chains:
                yield from branch.walk()
            yield self, place, planned

    def forward(self, x: Array) -> Array:
        for planned in self.steps:
            try:
                x = planned.step.forward(x)
            except Exception as error:
                error.add_note(f"in the forward pass of {' + '.join(planned.paths)}")
                raise
        return x

    def backward(self, dout: Array, seen: Seen = nothing_seen) -> Array | None:
        """Go back through the steps; `seen` is told of the layers of each whose parameters' gradients are there."""
        gradient: Array | None = dout
        for planned in reversed(self.steps):
            if gradient is None:
                return None
            try:
                gradient = planned.step.backward(gradient)
            except Exception as error:
                error.add_note(f"in the backward pass of {' + '.join(planned.paths)}")
                raise
            seen(planned.paths)
        return gradient


@dataclass
class Planner:
    """Lowers placed layers for one engine and one mode, on the network's arrays."""

    engine: Engine
    params: Params
    grads: Params
    buffers: Params
    mode: Mode
    dtype: np.dtype[Any]
    frozen: Collection[str] = ()
    """Parameters that are not trained: no gradient is computed for them, nor for what only they would need."""
    drawing: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The param dicts of the layers that draw random numbers, by path: the network puts their generators in."""

    def chain(self, layers: Sequence[Placed], layout: Layout, needs_dx: bool) -> Chain:
        """Lower `layers` behind a value in `layout`.

        Where nothing asks for dx, layers before the first one with parameters to train need none either.
        """
        chain = Chain(layout)
        if self.mode == "test":
            layers = [replace(placed, layer=placed.layer.in_evaluation()) for placed in layers]
        for item in rewrite(layers, self.engine.rules):
            members = item.members if isinstance(item, Group) else (item,)
            lowered = self._lower(item, chain.gives, needs_dx)
            paths = tuple(member.path for member in members)
            chain.append(lowered, paths, members[0].in_shape, members[-1].out_shape)
            needs_dx = needs_dx or any(self._trained(inner.path) for inner in everything(members))
        return chain

    def _lower(self, item: Placed | Group, layout: Layout, needs_dx: bool) -> Lowered:
        if isinstance(item, Group):
            sites = []
            for member in item.members:
                sites.append(self._site(member, layout, needs_dx))
                needs_dx = needs_dx or bool(sites[-1].grads)
            return item.rule.lower(_group_site(sites))
        if isinstance(item.layer, Block):
            return self._block(item, layout, needs_dx)
        brought: Lowering = item.layer.lowerings.get(self.engine.name, lower_by_definition)
        lower = self.engine.lowerings.get(type(item.layer), brought)
        lowered: Any = lower(self._site(item, layout, needs_dx))
        if not isinstance(lowered, Lowered):  # of a way that a layer of one's own brings
            words = f"gives {type(lowered).__name__}, not nndl.net.contract.Lowered"
            raise ConfigError(f"{item.path}: its way for {self.engine.name} {words}")
        return lowered

    def _block(self, block: Placed, layout: Layout, needs_dx: bool) -> Lowered:
        """Lower the branches, and have them all give the memory order of the first that has layers."""
        chains = [self.chain(branch, layout, needs_dx) for branch in block.branches]
        gives = next((chain.gives for chain in chains if chain.steps), layout)
        for chain, branch in zip(chains, block.branches, strict=True):
            chain.convert(gives, branch[-1].out_shape if branch else block.in_shape)
        share = self.engine.share
        step = ConcatStep(chains, gives, share) if isinstance(block.layer, Concat) else SumStep(chains, share)
        return Lowered(step, layout, gives)

    def _site(self, placed: Placed, layout: Layout, needs_dx: bool) -> Site:
        layer = placed.layer
        state = {**layer.options(), **self._own(self.buffers, placed.path), "mode": self.mode}
        if layer.draws:
            self.drawing[placed.path] = state
        return Site(
            layer=layer,
            path=placed.path,
            shape=placed.in_shape,
            out_shape=placed.out_shape,
            layout=layout if len(placed.in_shape) == 3 else layout_of(placed.in_shape),
            params=self._own(self.params, placed.path),
            grads=self._trained(placed.path),
            state=state,
            mode=self.mode,
            needs_dx=needs_dx,
            dtype=self.dtype,
        )

    def _trained(self, path: str) -> dict[str, Array]:
        """Return the gradients of the layer at `path`, without those of frozen parameters."""
        return {name: grad for name, grad in self._own(self.grads, path).items() if f"{path}.{name}" not in self.frozen}

    @staticmethod
    def _own(arrays: Params, path: str) -> dict[str, Array]:
        """Return the arrays of the layer at `path`, by their own names."""
        return {name.rpartition(".")[2]: array for name, array in arrays.items() if name.rpartition(".")[0] == path}


def _group_site(sites: Sequence[Site]) -> Site:
    """Make one site for a group: where its first member stands, ending where its last does."""
    return replace(sites[0], out_shape=sites[-1].out_shape, params={}, grads={}, state={}, members=tuple(sites))
