"""PReLU, channels last: a slope for each channel, and one sum over the batch for its gradient."""

import numpy as np

from nndl.engines.shared.layout import along, blocks_of, channel_sums, channels_first, channels_last, rows
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import Workspace, scratch
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array


class PreluStep:
    """Keeps x. Vectors (N, D) are taken as images of one pixel."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        """Compute max(0, x) + a min(0, x)."""
        self.x = self._pixels(x)
        out = self.workspace.array("out", self.x.shape, x.dtype)
        slope = self._slope()

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(out, start, stop):
                below = rows(self._below(i, j))
                np.multiply(below, slope, out=below)
                np.maximum(rows(self.x[i:j]), 0, out=rows(out[i:j]))
                np.add(rows(out[i:j]), below, out=rows(out[i:j]))

        parallel_for(len(out), work)
        return self._as_given(out)

    def backward(self, dout: Array) -> Array | None:
        given = self._pixels(dout)
        if "a" in self.site.grads:
            self.site.grads["a"][...] = self._slope_gradient(given)
        return self._as_given(self._passed(given)) if self.site.needs_dx else None

    def _passed(self, dout: Array) -> Array:
        """Multiply dout by 1 where x is above 0, elsewhere by a."""
        dx = self.workspace.array("dx", dout.shape, dout.dtype)
        slope = self._slope()

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(dx, start, stop):
                factor = rows(dx[i:j])
                np.greater(rows(self.x[i:j]), 0, out=factor, casting="unsafe")
                np.multiply(factor, 1 - slope, out=factor)
                np.add(factor, slope, out=factor)
                np.multiply(factor, rows(dout[i:j]), out=factor)

        parallel_for(len(dx), work)
        return dx

    def _slope(self) -> Array:
        return along(self.site.params["a"], self.x.shape[2])

    def _below(self, start: int, stop: int) -> Array:
        """Compute min(0, x) of images start to stop; scratch."""
        x = self.x[start:stop]
        return np.minimum(x, 0, out=scratch("below", x.shape, x.dtype))

    def _slope_gradient(self, dout: Array) -> Array:
        """Sum dout min(0, x) over each channel, (C,) float64."""
        parts: dict[int, Array] = {}

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(self.x, start, stop):
                parts[i] = channel_sums(dout[i:j], self._below(i, j))

        parallel_for(len(self.x), work)
        return np.asarray(np.sum([parts[start] for start in sorted(parts)], axis=0))

    def _pixels(self, x: Array) -> Array:
        return channels_last(x) if x.ndim == 4 else x[:, np.newaxis, np.newaxis]

    def _as_given(self, x: Array) -> Array:
        return channels_first(x) if len(self.site.shape) == 3 else x[:, 0, 0]


def lower_prelu(site: Site) -> Lowered:
    layout = "nhwc" if len(site.shape) == 3 else site.layout
    return Lowered(PreluStep(site), layout, layout)
