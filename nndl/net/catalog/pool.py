"""Pooling: windows, or whole channels, become one number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from nndl.conv2d_layers import both
from nndl.conv_layers import (
    avg_pool_backward_naive,
    avg_pool_forward_naive,
    global_avg_pool_backward,
    global_avg_pool_forward,
    global_max_pool_backward,
    global_max_pool_forward,
    max_pool_backward_naive,
    max_pool_forward_naive,
)
from nndl.net.layer import Layer, Pair, images
from nndl.net.types import Array, Shape
from nndl.net.window import Pads, Sides, Window, in_short, one_of, settle_sides


@dataclass(frozen=True, kw_only=True)
class _Pool(Layer):
    """Every size x size window of a channel becomes one number; windows that do not fit are left out."""

    shorthand = "size"

    size: Sides = 2
    """Height and width of a window: one number, or both as [2, 3]."""
    stride: Sides | None = None
    """Pixels between one window and the next; by default `size`, so that windows touch. [1, 2]: one down, two
    across."""
    pad: Pads = 0
    """Pixels that windows may reach beyond the image on each side, at most half a window; what lies there does not
    count."""

    def __post_init__(self) -> None:
        settle_sides(self, "size", "stride", "pad")
        if any(2 * pad > size for pad, size in zip(both(self.pad), both(self.size), strict=True)):
            most = [size // 2 for size in both(self.size)]
            raise ValueError(
                f"pad should be at most half the window, {in_short((most[0], most[1]))} for "
                f"size {in_short(both(self.size))}, not {in_short(both(self.pad))}"
            )

    @property
    def window(self) -> Window:
        """Return what slides over the image."""
        return Window(both(self.size), both(self.size if self.stride is None else self.stride), both(self.pad))

    def is_plain(self) -> bool:
        """Tell whether it is the courses' pooling: square windows and steps, no padding."""
        return self.pad == 0 and self.window.is_square

    def out_shape(self, shape: Shape) -> Shape:
        return (images(self, shape)[0], *self.window.places(self, shape))

    def options(self) -> dict[str, Any]:
        (height, width), window = both(self.size), self.window
        own = {"pool_height": height, "pool_width": width, "stride": one_of(window.stride)}
        return own if self.pad == 0 else {**own, "pad": self.pad}

    def arguments(self, params: Mapping[str, Array], param_dict: dict[str, Any]) -> tuple[Any, ...]:  # noqa: ARG002
        return (param_dict,)


@dataclass(frozen=True, kw_only=True)
class MaxPool(_Pool):
    """Max pooling: the largest of each window; the gradient goes to the first largest in row-major order."""

    kind = "max_pool"
    pair: ClassVar[Pair] = Pair(max_pool_forward_naive, max_pool_backward_naive)


@dataclass(frozen=True, kw_only=True)
class AvgPool(_Pool):
    """Average pooling: the mean of each window, of the pixels of the image that it covers."""

    kind = "avg_pool"
    pair: ClassVar[Pair] = Pair(avg_pool_forward_naive, avg_pool_backward_naive)


@dataclass(frozen=True, kw_only=True)
class GlobalMaxPool(Layer):
    """Global max pooling: the largest of each channel; images become vectors (C,)."""

    kind = "global_max_pool"
    pair: ClassVar[Pair] = Pair(global_max_pool_forward, global_max_pool_backward)

    def out_shape(self, shape: Shape) -> Shape:
        return (images(self, shape)[0],)


@dataclass(frozen=True, kw_only=True)
class GlobalAvgPool(Layer):
    """Global average pooling: the mean of each channel; images become vectors (C,)."""

    kind = "global_avg_pool"
    pair: ClassVar[Pair] = Pair(global_avg_pool_forward, global_avg_pool_backward)

    def out_shape(self, shape: Shape) -> Shape:
        return (images(self, shape)[0],)
