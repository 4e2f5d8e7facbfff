"""Pooling by the compiled kernels, alone: where a convolution or its batch norm stands before it, it may be fused."""

from collections.abc import Sequence
from math import prod

import numpy as np

from nndl.engines.compiled.abi import PoolShape
from nndl.engines.compiled.bindings import kernels
from nndl.engines.shared.layout import channels_first, channels_last
from nndl.engines.shared.workspace import Workspace
from nndl.net.catalog.pool import AvgPool, MaxPool
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array, Shape

LARGEST_WINDOW = 256
"""The place of a maximum in its window is kept in a byte."""


class _Pool:
    """Windows of any sides, steps and padding."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.workspace = Workspace()

    def shape(self, count: int) -> PoolShape:
        """Return the sizes for `count` images."""
        layer = self.site.layer
        assert isinstance(layer, MaxPool | AvgPool)
        (C, H, W), window = self.site.shape, layer.window
        return PoolShape(count, H, W, C, *window.size, *window.stride, *window.pad, *self.site.out_shape[1:])

    def room(self, name: str, count: int, shape: Shape, dtype: type = np.float32) -> Array:
        """Return room for images of `shape` (C, H, W), channels last."""
        C, H, W = shape
        return self.workspace.array(name, (count, H, W, C), dtype)


class MaxPoolStep(_Pool):
    """Keeps the place of each maximum."""

    def forward(self, x: Array) -> Array:
        out = self.room("out", len(x), self.site.out_shape)
        self.index = self.room("index", len(x), self.site.out_shape, np.uint8)
        kept = self.index if self.site.mode == "train" else None
        kernels().max_pool(self.shape(len(x)), channels_last(x), out, kept)
        return channels_first(out)

    def backward(self, dout: Array) -> Array | None:
        if not self.site.needs_dx:
            return None
        dx = self.room("dx", len(dout), self.site.shape)
        kernels().max_pool_backward(self.shape(len(dout)), channels_last(dout), self.index, dx)
        return channels_first(dx)


class AvgPoolStep(_Pool):
    """Keeps nothing."""

    def forward(self, x: Array) -> Array:
        out = self.room("out", len(x), self.site.out_shape)
        kernels().avg_pool(self.shape(len(x)), channels_last(x), out)
        return channels_first(out)

    def backward(self, dout: Array) -> Array | None:
        if not self.site.needs_dx:
            return None
        dx = self.room("dx", len(dout), self.site.shape)
        kernels().avg_pool_backward(self.shape(len(dout)), channels_last(dout), dx)
        return channels_first(dx)


class GlobalMaxPoolStep:
    """The largest of each channel; keeps its pixel."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        N, C, H, W = x.shape
        out = self.workspace.array("out", (N, C), np.float32)
        self.index = self.workspace.array("index", (N, C), np.int32)
        kernels().global_max(N, H * W, C, channels_last(x), out, self.index)
        return out

    def backward(self, dout: Array) -> Array | None:
        if not self.site.needs_dx:
            return None
        C, H, W = self.site.shape
        dx = self.workspace.array("dx", (len(dout), H, W, C), np.float32)
        kernels().global_max_backward(len(dout), H * W, C, dout, self.index, dx)
        return channels_first(dx)


def counts_in_bytes(row: Sequence[Site]) -> bool:
    """Tell whether a byte counts the places of the windows."""
    return all(prod(site.layer.window.size) <= LARGEST_WINDOW for site in row if isinstance(site.layer, MaxPool))


def lower_max_pool(site: Site) -> Lowered:
    return Lowered(MaxPoolStep(site), "nhwc", "nhwc")


def lower_avg_pool(site: Site) -> Lowered:
    return Lowered(AvgPoolStep(site), "nhwc", "nhwc")


def lower_global_max_pool(site: Site) -> Lowered:
    return Lowered(GlobalMaxPoolStep(site), "nhwc", "flat")
