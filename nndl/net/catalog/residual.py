"""Composition is a layer too: a residual block holds a list."""

from dataclasses import dataclass

from nndl.errors import ShapeError
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.layer import Layer, describe
from nndl.net.types import Shape


@dataclass(frozen=True, kw_only=True)
class Residual(Layer):
    """Residual block: out = layers(x) + x (He et al. 2016).

    Where the shapes differ, x goes through a 1 x 1 convolution. It has no pair of its own: its meaning is the sum
    of its two branches.
    """

    kind = "residual"
    shorthand = "layers"
    nested = "layers"

    layers: tuple[Layer, ...]
    """The layers of the block, in order."""

    def shortcut(self, shape: Shape, body_shape: Shape) -> tuple[Layer, ...]:
        """Return the layers between x and the sum: none where the shapes agree, else a projection without bias."""
        if shape == body_shape:
            return ()
        if len(body_shape) == 1:
            return (Affine(name="projection", out_features=body_shape[0], bias=False),)
        stride = -(-shape[1] // body_shape[1])
        projection = Conv(name="projection", filters=body_shape[0], kernel=1, stride=stride, pad=0, bias=False)
        if projection.out_shape(shape) != body_shape:
            raise ShapeError(
                f"the residual block turns {describe(shape)} into {describe(body_shape)}, "
                "and no stride of a 1 x 1 convolution does the same for the shortcut; pad its convolutions (pad: same)"
            )
        return (projection,)
