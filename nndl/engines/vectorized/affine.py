"""The affine layer: three matrix products, each shared out among the threads."""

from math import prod

import numpy as np

from nndl.engines.shared.layout import channels_first
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import Workspace
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array


class AffineStep:
    """out = x w + b; images that lie channels last are brought into the (C, H, W) order of w's rows on the way."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.features = prod(site.shape)
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        w, b = self.site.params["w"], self.site.params.get("b")
        out = self.workspace.array("out", (len(x), w.shape[1]), x.dtype)
        flat = self.x = self._room("x", len(x)) if self.site.layout == "nhwc" else x.reshape(len(x), -1)

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            if self.site.layout == "nhwc":
                flat[start:stop].reshape(-1, *self.site.shape)[...] = x[start:stop]
            np.dot(flat[start:stop], w, out=out[start:stop])
            if b is not None:
                np.add(out[start:stop], b, out=out[start:stop])

        parallel_for(len(x), work)
        return out

    def backward(self, dout: Array) -> Array | None:
        grads = self.site.grads

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            np.dot(self.x[:, start:stop].T, dout, out=grads["w"][start:stop])

        if "w" in grads:
            parallel_for(self.features, work)
        if "b" in grads:
            dout.sum(axis=0, out=grads["b"])
        return self._input_gradient(dout) if self.site.needs_dx else None

    def _input_gradient(self, dout: Array) -> Array:
        w = self.site.params["w"]
        flat = self._room("dx", len(dout))
        if self.site.layout == "nhwc":
            C, H, W = self.site.shape
            dx = self.workspace.array("dx nhwc", (len(dout), H, W, C), dout.dtype)

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            np.dot(dout[start:stop], w.T, out=flat[start:stop])
            if self.site.layout == "nhwc":
                channels_first(dx)[start:stop] = flat[start:stop].reshape(-1, *self.site.shape)

        parallel_for(len(dout), work)
        return channels_first(dx) if self.site.layout == "nhwc" else flat.reshape(len(dout), *self.site.shape)

    def _room(self, name: str, count: int) -> Array:
        return self.workspace.array(name, (count, self.features), self.site.dtype)


def lower_affine(site: Site) -> Lowered:
    return Lowered(AffineStep(site), None, "flat")
