"""Depthwise convolutions by the compiled kernels: a filter for each channel, any window."""

from collections.abc import Sequence

import numpy as np

from nndl.engines.compiled.abi import DepthwiseShape
from nndl.engines.compiled.bindings import kernels
from nndl.engines.compiled.sums import moments
from nndl.engines.shared.layout import channels_first, channels_last, kernel_order
from nndl.engines.shared.workspace import Workspace
from nndl.net.catalog.conv import Conv
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array


def is_depthwise(row: Sequence[Site]) -> bool:
    """Tell whether a convolution stands alone that has as many groups as channels and filters."""
    [site, *behind] = row
    layer, C = site.layer, site.shape[0]
    if behind or not isinstance(layer, Conv):
        return False
    return layer.groups_of(C) == C == layer.filters > 1


class DepthwiseStep:
    """Keeps x."""

    def __init__(self, site: Site) -> None:
        assert isinstance(site.layer, Conv)
        self.site, self.window = site, site.layer.window
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        self.x = channels_last(x)
        C, H, W = self.site.out_shape
        out = self.workspace.array("out", (len(x), H, W, C), np.float32)
        params = self.site.params
        kernels().depthwise_forward(self._shape(), self.x, kernel_order(params["w"]), params.get("b"), out)
        return channels_first(out)

    def backward(self, dout: Array) -> Array | None:
        dy, grads = channels_last(dout), self.site.grads
        if "b" in grads:
            grads["b"][...] = moments(dy)[0]
        if "w" in grads:
            kernels().depthwise_weight_gradient(self._shape(), self.x, dy, kernel_order(grads["w"]))
        if not self.site.needs_dx:
            return None
        dx = self.workspace.array("dx", self.x.shape, np.float32)
        kernels().depthwise_input_gradient(self._shape(), dy, kernel_order(self.site.params["w"]), dx)
        return channels_first(dx)

    def _shape(self) -> DepthwiseShape:
        N, H, W, C = self.x.shape
        window = (side for sides in self.window for side in sides)
        return DepthwiseShape(N, H, W, C, *window, *self.site.out_shape[1:])


def lower_depthwise(site: Site) -> Lowered:
    return Lowered(DepthwiseStep(site), "nhwc", "nhwc")
