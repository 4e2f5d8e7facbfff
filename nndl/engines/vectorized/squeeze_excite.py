"""Squeeze-and-excitation, channels last: two passes over the images each way, and the definition's little layers."""

import numpy as np

from nndl.engines.shared.layout import blocks_of, channels_first, channels_last
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import Workspace, scratch
from nndl.net.catalog.squeeze_excite import SqueezeExcite
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array
from nndl.squeeze_excite import excite, excite_back


class SqueezeExciteStep:
    """Keeps x and its gates."""

    def __init__(self, site: Site) -> None:
        assert isinstance(site.layer, SqueezeExcite)
        self.site, self.layer = site, site.layer
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        self.x = channels_last(x)
        means = self._sums(self.x, None) / (self.x.shape[1] * self.x.shape[2])
        self.gates, self.cache = excite(means, *self.layer.arguments(self.site.params, {}))
        return channels_first(self._weighed("out", self.x, None))

    def backward(self, dout: Array) -> Array | None:
        given = channels_last(dout)
        dmeans, *gradients = excite_back(self._sums(given, self.x), self.cache)
        for name, gradient in zip(self.layer.gradients, gradients, strict=True):
            if name in self.site.grads:
                self.site.grads[name][...] = gradient
        if not self.site.needs_dx:
            return None
        return channels_first(self._weighed("dx", given, dmeans / (self.x.shape[1] * self.x.shape[2])))

    def _sums(self, values: Array, other: Array | None) -> Array:
        """Sum values, or values times other, over each channel of each image: (N, H, W, C) -> (N, C)."""
        N, H, W, C = values.shape
        sums = np.empty((N, 1, C), values.dtype)
        ones = np.ones((1, H * W), values.dtype)

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(values, start, stop):
                block = values[i:j]
                if other is not None:
                    block = np.multiply(block, other[i:j], out=scratch("product", block.shape, block.dtype))
                np.matmul(ones, block.reshape(j - i, H * W, C), out=sums[i:j])

        parallel_for(N, work)
        return sums[:, 0]

    def _weighed(self, name: str, values: Array, shares: Array | None) -> Array:
        """Multiply each image by its gates, and add its shares (N, C), if any, to every pixel."""
        out = self.workspace.array(name, values.shape, values.dtype)

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(values, start, stop):
                np.multiply(values[i:j], self.gates[i:j, np.newaxis, np.newaxis], out=out[i:j])
                if shares is not None:
                    np.add(out[i:j], shares[i:j, np.newaxis, np.newaxis], out=out[i:j])

        parallel_for(len(values), work)
        return out


def lower_squeeze_excite(site: Site) -> Lowered:
    return Lowered(SqueezeExciteStep(site), "nhwc", "nhwc")
