"""Squeeze-and-excitation, channels last: two passes over the images each way, and the definition's little layers."""

import numpy as np

from nndl.engines.shared.layout import along, channels_first, channels_last, rows
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import Workspace
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
        N, _, _, C = values.shape
        pixels = values.reshape(N, -1, C)
        sums = np.empty((N, C), values.dtype)

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            if other is None:
                pixels[start:stop].sum(axis=1, out=sums[start:stop])
            else:
                others = other[start:stop].reshape(stop - start, -1, C)
                np.einsum("npc,npc->nc", pixels[start:stop], others, out=sums[start:stop])

        parallel_for(N, work)
        return sums

    def _weighed(self, name: str, values: Array, shares: Array | None) -> Array:
        """Multiply each image by its gates, and add its shares (N, C), if any, to every pixel."""
        out = self.workspace.array(name, values.shape, values.dtype)
        width = values.shape[2]

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for n in range(start, stop):
                image = rows(out[n : n + 1])
                np.multiply(rows(values[n : n + 1]), along(self.gates[n], width), out=image)
                if shares is not None:
                    np.add(image, along(shares[n], width), out=image)

        parallel_for(len(values), work)
        return out


def lower_squeeze_excite(site: Site) -> Lowered:
    return Lowered(SqueezeExciteStep(site), "nhwc", "nhwc")
