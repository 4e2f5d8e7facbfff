"""The affine layer by the compiled kernels, alone or with a ReLU."""

from collections.abc import Callable
from math import prod

import numpy as np

from nndl.engines.compiled.abi import AffineShape
from nndl.engines.compiled.bindings import kernels
from nndl.engines.compiled.kinds import RELU
from nndl.engines.shared.layout import channels_first, channels_last
from nndl.engines.shared.workspace import Workspace
from nndl.net.catalog.activation import Relu
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array


class AffineStep:
    """out = x w + b; images are read as they lie, channels last or first, though w counts channels first."""

    def __init__(self, site: Site, bfloat16: bool = False) -> None:
        self.precision = "_bfloat16" if bfloat16 else ""
        self.site = site.row[0]
        self.relu = any(isinstance(member.layer, Relu) for member in site.row)
        self.last = self.site.layout == "nhwc"
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        self.x = channels_last(x) if self.last else x
        w, b = self.site.params["w"], self.site.params.get("b")
        out = self.out = self.workspace.array("out", (len(x), w.shape[1]), np.float32)
        self._kernel("forward")(self._shape(len(x)), self.x, w, b, self.relu, out)
        return out

    def backward(self, dout: Array) -> Array | None:
        grads, shape = self.site.grads, self._shape(len(dout))
        if self.relu:
            cut = self.workspace.array("cut", dout.shape, np.float32)
            kernels().activation(dout.size, self.out, dout, *RELU, cut)
            dout = cut
        if "w" in grads:
            self._kernel("weight_gradient")(shape, self.x, dout, grads["w"])
        if "b" in grads:
            dout.sum(axis=0, out=grads["b"])
        if not self.site.needs_dx:
            return None
        dx = self.workspace.array("dx", self.x.shape, np.float32)
        self._kernel("input_gradient")(shape, dout, self.site.params["w"], dx)
        return channels_first(dx) if self.last else dx

    def _kernel(self, name: str) -> Callable[..., None]:
        kernel: Callable[..., None] = getattr(kernels(), f"affine_{name}{self.precision}")
        return kernel

    def _shape(self, examples: int) -> AffineShape:
        channels = self.site.shape[0] if self.last else prod(self.site.shape)
        return AffineShape(examples, prod(self.site.shape) // channels, channels, self.site.params["w"].shape[1])


def lower_affine(site: Site, bfloat16: bool = False) -> Lowered:
    """Lower an affine layer alone, or with a ReLU."""
    return Lowered(AffineStep(site, bfloat16), None, "flat")
