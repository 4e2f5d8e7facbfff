"""Pooling: windows, or whole channels, become one number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge

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
from nndl.net.layer import Layer, Pair, images, window
from nndl.net.types import Array, Shape


@dataclass(frozen=True, kw_only=True)
class _Pool(Layer):
    """Every size x size window of a channel becomes one number; windows that do not fit are left out."""

    shorthand = "size"

    size: Annotated[int, Ge(1)] = 2
    """Height and width of a window."""
    stride: Annotated[int, Ge(1)] | None = None
    """Pixels between one window and the next; by default `size`, so that windows touch."""

    @property
    def step(self) -> int:
        """Pixels between one window and the next."""
        return self.size if self.stride is None else self.stride

    def out_shape(self, shape: Shape) -> Shape:
        return (images(self, shape)[0], *window(self, shape, self.size, self.step, 0))

    def options(self) -> dict[str, Any]:
        return {"pool_height": self.size, "pool_width": self.size, "stride": self.step}

    def arguments(self, params: Mapping[str, Array], param_dict: dict[str, Any]) -> tuple[Any, ...]:  # noqa: ARG002
        return (param_dict,)


@dataclass(frozen=True, kw_only=True)
class MaxPool(_Pool):
    """Max pooling: the largest of each window; the gradient goes to the first largest in row-major order."""

    kind = "max_pool"
    pair: ClassVar[Pair] = Pair(max_pool_forward_naive, max_pool_backward_naive)


@dataclass(frozen=True, kw_only=True)
class AvgPool(_Pool):
    """Average pooling: the mean of each window."""

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
