"""Composition is a layer too: a block holds branches, which are all given the same x, and says how they meet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from nndl.errors import Where
from nndl.net.layer import Layer, describe
from nndl.net.types import Shape


class Branch(NamedTuple):
    """One of a block's rows of layers; an empty one passes x on."""

    layers: tuple[Layer, ...]
    name: str = ""
    """The name that stands before those of its layers: "new" in "concat1.new.conv1"; "" where none does."""

    def inside(self, where: Where) -> Where:
        """Return what the positions of its layers begin with, in a block at `where`."""
        return (*where, self.name) if self.name else where


@dataclass(frozen=True, kw_only=True)
class Block(Layer):
    """Base of the layers that hold branches. It has no pair: its meaning is theirs, and how what they give meets."""

    def branches_of(self) -> tuple[Branch, ...]:
        """Return the branches, in order."""
        raise NotImplementedError

    def with_branches(self, layers: Sequence[tuple[Layer, ...]]) -> Self:
        """Return the block with other layers in its branches."""
        raise NotImplementedError

    def own_branch(self, shape: Shape, given: Sequence[Shape]) -> tuple[Layer, ...] | None:  # noqa: ARG002
        """Return the layers of one more branch that follows from what the others give; None where there is none."""
        return None

    def fits(self, one: Shape, other: Shape) -> bool:
        """Tell whether what two branches give can meet."""
        return one == other

    def met(self, given: Sequence[Shape]) -> Shape:
        """Return the shape that the branches give together."""
        return given[0]

    def apart(self, branches: Sequence[str], given: Sequence[Shape]) -> str:
        """Say of two branches that they cannot meet."""
        first, second = (
            f"{name or 'layers'} gives {describe(shape)}" for name, shape in zip(branches, given, strict=True)
        )
        return f"{self.kind}: {first}, and {second}; branches that are added give one shape"
