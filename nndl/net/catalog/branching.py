"""Branches with names of their own, which meet side by side or in a sum."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from nndl.net.catalog.block import Block, Branch
from nndl.net.layer import Layer, describe
from nndl.net.types import Shape


@dataclass(frozen=True, kw_only=True)
class Branching(Block):
    """Base of the blocks whose branches a config names: kind: {a: [...], b: [...]}."""

    named: ClassVar[str | None] = "branches"

    branches: tuple[tuple[str, tuple[Layer, ...]], ...]
    """A branch of that name, of which there are two or more: layers that are given x. An empty one, `[]`, is x."""

    def __post_init__(self) -> None:
        names = [name for name, _ in self.branches]
        if len(names) < 2:
            raise ValueError("takes two branches or more, and one alone is its layers; write those, or name another")
        for name in names:
            if not name.replace("_", "a").replace("-", "a").isalnum() or name == "name":
                raise ValueError(f"a branch's name has letters, digits, '_' and '-' only, and is not 'name': {name!r}")
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two branches are named {twice!r}; give one of them another name")

    def branches_of(self) -> tuple[Branch, ...]:
        return tuple(Branch(layers, name) for name, layers in self.branches)

    def with_branches(self, layers: Sequence[tuple[Layer, ...]]) -> Self:
        names = (name for name, _ in self.branches)
        return replace(self, branches=tuple(zip(names, layers, strict=True)))


@dataclass(frozen=True, kw_only=True)
class Sum(Branching):
    """Sum: out is what named branches make of x, added; all give one shape.

    It has no pair of its own: its meaning is the sum of its branches.
    """

    kind = "sum"


@dataclass(frozen=True, kw_only=True)
class Concat(Branching):
    """Concatenation: what named branches make of x, channels behind channels (Szegedy et al. 2015, Huang et al. 2017).

    It has no pair of its own: its meaning is np.concatenate of its branches along axis 1.
    """

    kind = "concat"

    def fits(self, one: Shape, other: Shape) -> bool:
        return len(one) == len(other) and one[1:] == other[1:]

    def met(self, given: Sequence[Shape]) -> Shape:
        return (sum(shape[0] for shape in given), *given[0][1:])

    def apart(self, branches: Sequence[str], given: Sequence[Shape]) -> str:
        first, second = (f"{name} gives {describe(shape)}" for name, shape in zip(branches, given, strict=True))
        return f"concat: {first}, and {second}; only the number of channels may differ"
