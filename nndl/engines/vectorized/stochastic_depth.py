"""Stochastic depth in whatever memory order x has: each image whole, times 0 or 1/p."""

import numpy as np

from nndl.engines.shared.dropout import NoStep
from nndl.engines.shared.layout import channels_first, channels_last
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import Workspace
from nndl.layers import dropout_forward
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array


class StochasticDepthStep:
    """In training; draws what the definition draws."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        self.kept, _ = dropout_forward(np.ones(len(x), x.dtype), self.site.state)
        return self._times_kept("out", x)

    def backward(self, dout: Array) -> Array | None:
        return self._times_kept("dx", dout) if self.site.needs_dx else None

    def _times_kept(self, name: str, x: Array) -> Array:
        values = channels_last(x) if self.site.layout == "nhwc" else x
        kept = self.kept.reshape(-1, *[1] * (values.ndim - 1))
        out = self.workspace.array(name, values.shape, x.dtype)

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            np.multiply(values[start:stop], kept[start:stop], out=out[start:stop])

        parallel_for(len(x), work)
        return channels_first(out) if self.site.layout == "nhwc" else out


def lower_stochastic_depth(site: Site) -> Lowered:
    """Lower to a step in training, to nothing in evaluation."""
    return Lowered(StochasticDepthStep(site) if site.mode == "train" else NoStep(), None, site.layout)
