"""Group and layer normalisation by the compiled kernels, with the activation behind it."""

from math import prod

import numpy as np

from nndl.engines.compiled.bindings import kernels
from nndl.engines.compiled.kinds import act_of
from nndl.engines.shared.layout import channels_first, channels_last
from nndl.engines.shared.workspace import Workspace
from nndl.net.catalog.norm import GroupNorm, LayerNorm
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array, Layout


class GroupNormStep:
    """Keeps x, and mean and deviation of each example's groups."""

    def __init__(self, site: Site) -> None:
        self.norm = site.row[0]
        layer = self.norm.layer
        assert isinstance(layer, GroupNorm | LayerNorm)
        self.eps, self.groups = layer.eps, layer.groups if isinstance(layer, GroupNorm) else 1
        self.act = act_of(site)
        self.images = len(site.shape) == 3
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        self.x = channels_last(x) if self.images else x
        out = self.workspace.array("out", self.x.shape, np.float32)
        statistics = (len(x), self.groups)
        self.mean, self.inverse_std = (self.workspace.array(n, statistics, np.float32) for n in ("mean", "inverse_std"))
        kernels().group_norm(
            *self._sizes(), self.x, *self._affine(), self.eps, *self.act, self.mean, self.inverse_std, out
        )
        return channels_first(out) if self.images else out

    def backward(self, dout: Array) -> Array | None:
        dout = channels_last(dout) if self.images else dout
        dx, gradients = self.workspace.array("dx", self.x.shape, np.float32), np.empty((2, self.x.shape[-1]))
        kernels().group_norm_backward(
            *(*self._sizes(), self.x, *self._affine(), dout, *self.act),
            *(self.mean, self.inverse_std, dx, gradients),
        )
        for name, gradient in zip(("beta", "gamma"), gradients, strict=True):
            if name in self.norm.grads:
                self.norm.grads[name][...] = gradient
        return channels_first(dx) if self.images else dx

    def _sizes(self) -> tuple[int, int, int, int]:
        N, *pixels, C = self.x.shape
        return N, prod(pixels), C, self.groups

    def _affine(self) -> tuple[Array | None, Array]:
        """Return gamma, None for ones, and beta."""
        return self.norm.params.get("gamma"), self.norm.params["beta"]


def lower_group_norm(site: Site) -> Lowered:
    """Lower group or layer norm alone, or with an activation."""
    layout: Layout = "nhwc" if len(site.shape) == 3 else "flat"
    return Lowered(GroupNormStep(site), layout, layout)
