"""The affine (fully connected) layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt

from nndl.errors import ShapeError
from nndl.layers import affine_backward, affine_forward
from nndl.net.init import Init, initial_weights
from nndl.net.layer import Layer, Pair
from nndl.net.types import Array, Shape, Streams


@dataclass(frozen=True, kw_only=True)
class Affine(Layer):
    """Affine: out = x w + b, every output a weighted sum of every input; images are flattened in (C, H, W) order."""

    kind = "affine"
    shorthand = "out_features"
    counts_classes = "out_features"
    pair: ClassVar[Pair] = Pair(affine_forward, affine_backward)
    gradients: ClassVar[tuple[str, ...]] = ("w", "b")
    decays: ClassVar[tuple[str, ...]] = ("w",)

    out_features: Annotated[int, Ge(1)]
    """Number of outputs M; in the last layer, the number of classes, for which `classes` stands."""
    bias: bool = True
    """A constant b added to each output."""
    init: Init = "he"
    """The weights to start from (`dirac` and `whitening` are for convolutions)."""
    weight_scale: Annotated[float, Gt(0)] = 1e-3
    """Standard deviation of the weights when init is `normal`."""

    def out_shape(self, shape: Shape) -> Shape:  # noqa: ARG002
        if self.init in ("dirac", "whitening"):
            raise ShapeError(f"init: {self.init} makes filters, and affine has none; use he or uniform")
        return (self.out_features,)

    def initial_params(self, shape: Shape, random: Streams) -> dict[str, Array]:
        features = prod(shape), self.out_features
        w = initial_weights(self.init, features, *features, self.weight_scale, random("w"))
        return {"w": w, "b": np.zeros(self.out_features)} if self.bias else {"w": w}

    def arguments(self, params: Mapping[str, Array], param_dict: dict[str, Any]) -> tuple[Any, ...]:  # noqa: ARG002
        w = params["w"]
        return w, params["b"] if self.bias else np.zeros(self.out_features, w.dtype)

    def macs(self, shape: Shape) -> int:
        return prod(shape) * self.out_features
