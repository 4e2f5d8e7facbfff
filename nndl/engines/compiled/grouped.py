"""Convolutions in groups, or by windows that are not the courses', by the compiled kernels."""

from collections.abc import Callable

import numpy as np

from nndl.engines.compiled.abi import GroupedShape
from nndl.engines.compiled.bindings import kernels
from nndl.engines.compiled.sums import moments
from nndl.engines.shared.layout import channels_first, channels_last, kernel_order
from nndl.engines.shared.workspace import Workspace
from nndl.net.catalog.conv import Conv
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array


class GroupedStep:
    """Keeps x. Where a filter sees one channel, and no other filter does, the kernels are those for that."""

    def __init__(self, site: Site) -> None:
        assert isinstance(site.layer, Conv)
        self.site, self.layer = site, site.layer
        self.groups = self.layer.groups_of(site.shape[0])
        self.way = "depthwise" if self.groups == site.shape[0] == self.layer.filters > 1 else "grouped"
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        self.x = channels_last(x)
        C, H, W = self.site.out_shape
        out = self.workspace.array("out", (len(x), H, W, C), np.float32)
        params = self.site.params
        self._kernel("forward")(self._shape(), self.x, kernel_order(params["w"]), params.get("b"), out)
        return channels_first(out)

    def backward(self, dout: Array) -> Array | None:
        dy, grads = channels_last(dout), self.site.grads
        if "b" in grads:
            grads["b"][...] = moments(dy)[0]
        dx = self.workspace.array("dx", self.x.shape, np.float32) if self.site.needs_dx else None
        dw = kernel_order(grads["w"]) if "w" in grads else None
        self._kernel("backward")(self._shape(), self.x, dy, kernel_order(self.site.params["w"]), dx, dw)
        return None if dx is None else channels_first(dx)

    def _kernel(self, name: str) -> Callable[..., None]:
        kernel: Callable[..., None] = getattr(kernels(), f"{self.way}_{name}")
        return kernel

    def _shape(self) -> GroupedShape:
        N, H, W, C = self.x.shape
        window = (side for sides in self.layer.window for side in sides)
        return GroupedShape(N, H, W, C, self.layer.filters, self.groups, *window, *self.site.out_shape[1:])


def lower_grouped(site: Site) -> Lowered:
    return Lowered(GroupedStep(site), "nhwc", "nhwc")
