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
        self.x = self._pixels(x)
        return self._as_given(self._bent("out", self.x))

    def backward(self, dout: Array) -> Array | None:
        given = self._pixels(dout)
        if "a" in self.site.grads:
            self.site.grads["a"][...] = self._slope_gradient(given)
        return self._as_given(self._bent("dx", given)) if self.site.needs_dx else None

    def _bent(self, name: str, values: Array) -> Array:
        """Multiply by a where x is not above 0: x itself forward, dout on the way back."""
        bent = self.workspace.array(name, values.shape, values.dtype)
        slope = along(self.site.params["a"], values.shape[2])

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(values, start, stop):
                np.multiply(rows(values[i:j]), slope, out=rows(bent[i:j]))
                passes = np.greater(self.x[i:j], 0, out=scratch("passes", self.x[i:j].shape, np.bool_))
                np.copyto(bent[i:j], values[i:j], where=passes)

        parallel_for(len(values), work)
        return bent

    def _slope_gradient(self, dout: Array) -> Array:
        """Sum dout min(0, x) over each channel, (C,) float64."""
        parts: dict[int, Array] = {}

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(self.x, start, stop):
                below = np.minimum(self.x[i:j], 0, out=scratch("below", self.x[i:j].shape, self.x.dtype))
                parts[i] = channel_sums(dout[i:j], below)

        parallel_for(len(self.x), work)
        return np.asarray(np.sum([parts[start] for start in sorted(parts)], axis=0))

    def _pixels(self, x: Array) -> Array:
        return channels_last(x) if x.ndim == 4 else x[:, np.newaxis, np.newaxis]

    def _as_given(self, x: Array) -> Array:
        return channels_first(x) if len(self.site.shape) == 3 else x[:, 0, 0]


def lower_prelu(site: Site) -> Lowered:
    layout = "nhwc" if len(site.shape) == 3 else site.layout
    return Lowered(PreluStep(site), layout, layout)
