"""Convolution."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt

from nndl.conv_layers import conv_backward_naive, conv_forward_naive
from nndl.errors import ShapeError
from nndl.net.init import Init, initial_weights
from nndl.net.layer import Layer, Pair, images, window
from nndl.net.types import Array, Shape, Streams


@dataclass(frozen=True, kw_only=True)
class Conv(Layer):
    """Convolution: every filter is laid over every window of the image; out (F, H', W')."""

    kind = "conv"
    shorthand = "filters"
    pair: ClassVar[Pair] = Pair(conv_forward_naive, conv_backward_naive)
    gradients: ClassVar[tuple[str, ...]] = ("w", "b")
    decays: ClassVar[tuple[str, ...]] = ("w",)

    filters: Annotated[int, Ge(1)]
    """Number of filters F, the channels of the output."""
    kernel: Annotated[int, Ge(1)] = 3
    """Height and width of a filter."""
    stride: Annotated[int, Ge(1)] = 1
    """Pixels between one window and the next."""
    pad: Annotated[int, Ge(0)] | Literal["same"] = "same"
    """Zeros added around the image; `same` keeps its size at stride 1 (odd kernels only)."""
    bias: bool = True
    """A constant b added by each filter. Before a batch norm it has no effect: turn it off."""
    init: Init = "he"
    """The weights to start from. `dirac`: the identity; `whitening`: 2 * channels * kernel^2 filters computed from
    the images (first layer)."""
    weight_scale: Annotated[float, Gt(0)] = 1e-3
    """Standard deviation of the weights when init is `normal`."""
    whitening_eps: Annotated[float, Gt(0)] = 5e-4
    """Of `init: whitening`: added to the variance of every direction, so that the least are amplified less."""

    @property
    def padding(self) -> int:
        """Zeros on each side of the image."""
        return (self.kernel - 1) // 2 if self.pad == "same" else self.pad

    def out_shape(self, shape: Shape) -> Shape:
        images(self, shape)
        if self.pad == "same" and self.kernel % 2 == 0:
            raise ShapeError(
                f"pad: same needs an odd kernel, not {self.kernel}; use kernel {self.kernel + 1} or a number for pad"
            )
        if self.init == "whitening" and self.filters != 2 * shape[0] * self.kernel**2:
            raise ShapeError(
                f"init: whitening gives {2 * shape[0] * self.kernel**2} filters for {shape[0]} channels and "
                f"kernel {self.kernel}, not {self.filters}"
            )
        return (self.filters, *window(self, shape, self.kernel, self.stride, self.padding))

    def initial_params(self, shape: Shape, random: Streams) -> dict[str, Array]:
        area = self.kernel * self.kernel
        fan_in, fan_out = shape[0] * area, self.filters * area
        filters = (self.filters, shape[0], self.kernel, self.kernel)
        w = initial_weights(self.init, filters, fan_in, fan_out, self.weight_scale, random("w"))
        return {"w": w, "b": np.zeros(self.filters)} if self.bias else {"w": w}

    def options(self) -> dict[str, Any]:
        return {"stride": self.stride, "pad": self.padding}

    def arguments(self, params: Mapping[str, Array], param_dict: dict[str, Any]) -> tuple[Any, ...]:
        return params["w"], params.get("b"), param_dict

    def macs(self, shape: Shape) -> int:
        _, height, width = self.out_shape(shape)
        return self.filters * shape[0] * self.kernel**2 * height * width
