"""The residual block: a row of layers, and a way round it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from nndl.errors import ShapeError
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.block import Block, Branch
from nndl.net.catalog.conv import Conv
from nndl.net.layer import Layer, describe
from nndl.net.types import Shape


@dataclass(frozen=True, kw_only=True)
class Residual(Block):
    """Residual block: out = layers(x) + x (He et al. 2016).

    Where the shapes differ and no shortcut is given, x goes through a 1 x 1 convolution. It has no pair of its own: its
    meaning is the sum of its two branches.
    """

    kind = "residual"
    shorthand = "layers"
    nested: ClassVar[tuple[str, ...]] = ("layers", "shortcut")

    layers: tuple[Layer, ...]
    """The layers of the block, in order."""
    shortcut: tuple[Layer, ...] | None = None
    """The layers that x goes through on the other way, such as a convolution of stride 2 and its batch norm. null: none
    where the shapes agree, else a 1 x 1 convolution without bias."""

    def branches_of(self) -> tuple[Branch, ...]:
        body = Branch(self.layers)
        return (body,) if self.shortcut is None else (body, Branch(self.shortcut, "shortcut"))

    def with_branches(self, layers: Sequence[tuple[Layer, ...]]) -> Self:
        return replace(self, layers=layers[0], shortcut=None if self.shortcut is None else layers[1])

    def own_branch(self, shape: Shape, given: Sequence[Shape]) -> tuple[Layer, ...] | None:
        """Return the projection where no shortcut is given, which is no layers where the block keeps its shape."""
        return self.projection(shape, given[0]) if self.shortcut is None else None

    def projection(self, shape: Shape, body_shape: Shape) -> tuple[Layer, ...]:
        """Return the layers between x and the sum: none where the shapes agree, else a projection without bias."""
        if shape == body_shape:
            return ()
        if len(body_shape) == 1:
            return (Affine(name="projection", out_features=body_shape[0], bias=False),)
        stride = -(-shape[1] // body_shape[1]), -(-shape[2] // body_shape[2])
        projection = Conv(name="projection", filters=body_shape[0], kernel=1, stride=stride, pad=0, bias=False)
        if projection.out_shape(shape) != body_shape:
            raise ShapeError(
                f"the residual block turns {describe(shape)} into {describe(body_shape)}, "
                "and no stride of a 1 x 1 convolution does the same for the shortcut; pad its convolutions (pad: same)"
            )
        return (projection,)
