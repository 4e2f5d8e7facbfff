"""Squeeze-and-excitation: channels weighed by what is in all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge

from nndl.errors import ShapeError
from nndl.net.init import initial_weights
from nndl.net.layer import Layer, Pair, images
from nndl.net.types import Array, Shape, Streams
from nndl.squeeze_excite import squeeze_excite_backward, squeeze_excite_forward


@dataclass(frozen=True, kw_only=True)
class SqueezeExcite(Layer):
    """Squeeze-and-excitation: each channel times a gate computed from the means of all (Hu, Shen and Sun 2018).

    gates = sigmoid(relu(means w1 + b1) w2 + b2), from 0 to 1.
    """

    kind = "squeeze_excite"
    shorthand = "ratio"
    pair: ClassVar[Pair] = Pair(squeeze_excite_forward, squeeze_excite_backward)
    gradients: ClassVar[tuple[str, ...]] = ("w1", "b1", "w2", "b2")
    decays: ClassVar[tuple[str, ...]] = ("w1", "w2")

    ratio: Annotated[int, Ge(1)] = 16
    """Channels for each number between the two affine layers: C // ratio of these."""
    gate: Literal["sigmoid", "hard_sigmoid"] = "sigmoid"
    """The function that makes gates; MobileNetV3 has hard_sigmoid."""

    def out_shape(self, shape: Shape) -> Shape:
        channels = images(self, shape)[0]
        if channels < self.ratio:
            raise ShapeError(
                f"squeeze_excite: ratio {self.ratio} leaves nothing of {channels} channels; use {channels} or less"
            )
        return shape

    def is_plain(self) -> bool:
        return self.gate == "sigmoid"

    def initial_params(self, shape: Shape, random: Streams) -> dict[str, Array]:
        """Draw w1 as He does before ReLU, w2 as Glorot and Bengio before a sigmoid; gates start around a half."""
        C, S = shape[0], shape[0] // self.ratio
        w1 = initial_weights("he", (C, S), C, S, 0.0, random("w1"))
        w2 = initial_weights("xavier", (S, C), S, C, 0.0, random("w2"))
        return {"w1": w1, "b1": np.zeros(S), "w2": w2, "b2": np.zeros(C)}

    def arguments(self, params: Mapping[str, Array], param_dict: dict[str, Any]) -> tuple[Any, ...]:  # noqa: ARG002
        return (*(params[name] for name in self.gradients), self.gate)

    def macs(self, shape: Shape) -> int:
        return 2 * shape[0] * (shape[0] // self.ratio)
