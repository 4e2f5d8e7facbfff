"""Convolution."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import gcd, prod
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt

from nndl.conv2d_layers import both, conv2d_backward, conv2d_forward
from nndl.errors import ShapeError
from nndl.net.init import Init, initial_weights
from nndl.net.layer import Layer, Pair, images
from nndl.net.types import Array, Shape, Streams
from nndl.net.window import Pads, Sides, Window, in_short, one_of, settle_sides


@dataclass(frozen=True, kw_only=True)
class Conv(Layer):
    """Convolution: every filter is laid over every window of the image; out (F, H', W')."""

    kind = "conv"
    shorthand = "filters"
    pair: ClassVar[Pair] = Pair(conv2d_forward, conv2d_backward)
    gradients: ClassVar[tuple[str, ...]] = ("w", "b")
    decays: ClassVar[tuple[str, ...]] = ("w",)

    filters: Annotated[int, Ge(1)]
    """Number of filters F, the channels of the output."""
    kernel: Sides = 3
    """Height and width of a filter: one number, or both as [3, 5]."""
    stride: Sides = 1
    """Pixels between one window and the next; [1, 2]: one down, two across."""
    pad: Pads | Literal["same"] = "same"
    """Zeros added around the image; `same` keeps its size at stride 1 (odd kernels only). [1, 2]: one above and one
    below, two on the left and two on the right."""
    dilation: Sides = 1
    """Pixels from one number of a filter to the next; at 2, a filter of 3 x 3 spans 5 x 5 pixels."""
    groups: Annotated[int, Ge(1)] | Literal["channels"] = 1
    """Groups that channels and filters fall into, in order; a filter sees the channels of its own group. `channels`:
    one channel each, a depthwise convolution."""
    bias: bool = True
    """A constant b added by each filter. Before a batch norm it has no effect: turn it off."""
    init: Init = "he"
    """The weights to start from. `dirac`: the identity; `whitening`: 2 * channels * kernel^2 filters computed from
    the images (first layer)."""
    weight_scale: Annotated[float, Gt(0)] = 1e-3
    """Standard deviation of the weights when init is `normal`."""
    whitening_eps: Annotated[float, Gt(0)] = 5e-4
    """Of `init: whitening`: added to the variance of every direction, so that the least are amplified less."""

    def __post_init__(self) -> None:
        settle_sides(self, "kernel", "stride", "pad", "dilation")
        if self.groups != "channels" and self.filters % self.groups:
            raise ValueError(
                f"groups should divide the {self.filters} filters ({divisors(self.filters)}), not {self.groups}"
            )

    @property
    def window(self) -> Window:
        """Return what slides over the image."""
        size, dilation = both(self.kernel), both(self.dilation)
        if self.pad == "same":
            down, across = (d * (s - 1) // 2 for s, d in zip(size, dilation, strict=True))
            return Window(size, both(self.stride), (down, across), dilation)
        return Window(size, both(self.stride), both(self.pad), dilation)

    def is_plain(self) -> bool:
        """Tell whether it is the courses' convolution: one group, square windows, steps and padding, no dilation."""
        return self.groups == 1 and self.window.is_square

    def groups_of(self, channels: int) -> int:
        """Return the number of groups behind so many channels."""
        return channels if self.groups == "channels" else self.groups

    def out_shape(self, shape: Shape) -> Shape:
        channels = images(self, shape)[0]
        self._check_same()
        self._check_groups(channels)
        self._check_whitening(channels)
        return (self.filters, *self.window.places(self, shape))

    def _check_same(self) -> None:
        if self.pad == "same" and any(extent % 2 == 0 for extent in self.window.extent):
            down, across = both(self.kernel)
            odd = in_short((down + 1 - down % 2, across + 1 - across % 2))
            raise ShapeError(
                f"pad: same needs an odd kernel, not {in_short((down, across))}; use kernel {odd} or a number for pad"
            )

    def _check_groups(self, channels: int) -> None:
        groups = self.groups_of(channels)
        if channels % groups:
            raise ShapeError(
                f"conv: {groups} groups do not divide the {channels} channels before it; what divides them and its "
                f"{self.filters} filters is {divisors(gcd(channels, self.filters))}"
            )
        if self.filters % groups:
            raise ShapeError(
                f"conv: a group for each of the {channels} channels before it (groups: {self.groups}) needs as many "
                f"filters, or a multiple of them, not {self.filters}"
            )

    def _check_whitening(self, channels: int) -> None:
        if self.init != "whitening":
            return
        if self.groups != 1 or self.dilation != 1:
            raise ShapeError("init: whitening makes filters over all channels of whole windows: no groups, no dilation")
        size = both(self.kernel)
        if self.filters != 2 * channels * prod(size):
            raise ShapeError(
                f"init: whitening gives {2 * channels * prod(size)} filters for {channels} channels and "
                f"kernel {in_short(size)}, not {self.filters}"
            )

    def initial_params(self, shape: Shape, random: Streams) -> dict[str, Array]:
        groups, size = self.groups_of(shape[0]), both(self.kernel)
        filters = (self.filters, shape[0] // groups, *size)
        fan_in, fan_out = prod(filters[1:]), self.filters // groups * prod(size)
        w = initial_weights(self.init, filters, fan_in, fan_out, self.weight_scale, random("w"), groups)
        return {"w": w, "b": np.zeros(self.filters)} if self.bias else {"w": w}

    def options(self) -> dict[str, Any]:
        window = self.window
        own = {"stride": one_of(window.stride), "pad": one_of(window.pad)}
        return own if self.dilation == 1 else {**own, "dilation": self.dilation}

    def arguments(self, params: Mapping[str, Array], param_dict: dict[str, Any]) -> tuple[Any, ...]:
        return params["w"], params.get("b"), param_dict

    def macs(self, shape: Shape) -> int:
        return prod(self.out_shape(shape)) * shape[0] // self.groups_of(shape[0]) * prod(both(self.kernel))


def divisors(number: int) -> str:
    """Write the divisors of a number: 1, 2, 4."""
    return ", ".join(str(each) for each in range(1, number + 1) if number % each == 0)
