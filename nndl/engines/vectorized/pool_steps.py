"""Pooling layers as steps: slices of the batch side by side."""

import numpy as np

from nndl.engines.shared.layout import blocks_of, channels_first, channels_last
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import Workspace
from nndl.engines.vectorized.pool import avg_pool, avg_unpool, index_dtype, max_pool, max_unpool
from nndl.net.catalog.pool import AvgPool, MaxPool
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array


class _Pool:
    """The common part of max and average pooling: going back, block by block of the images."""

    def __init__(self, site: Site) -> None:
        layer = site.layer
        assert isinstance(layer, MaxPool | AvgPool)
        self.window = layer.window
        self.site = site
        self.workspace = Workspace()

    def _room(self, name: str, count: int, shape: tuple[int, ...], dtype: type | None = None) -> Array:
        C, H, W = shape
        return self.workspace.array(name, (count, H, W, C), dtype or self.site.dtype)

    def backward(self, dout: Array) -> Array | None:
        if not self.site.needs_dx:
            return None
        given, dx = channels_last(dout), self._room("dx", len(dout), self.site.shape)

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for a, b in blocks_of(dx, start, stop):
                self._unpool(given[a:b], dx[a:b], a, b)

        parallel_for(len(dout), work)
        return channels_first(dx)

    def _unpool(self, dout: Array, dx: Array, start: int, stop: int) -> None:
        """Write dx (n, H, W, C) of images start to stop."""
        raise NotImplementedError


class MaxPoolStep(_Pool):
    """Keeps the place of each maximum, not the images."""

    def forward(self, x: Array) -> Array:
        out = self._room("out", len(x), self.site.out_shape)
        index = None
        if self.site.mode == "train":
            index = self.index = self._room("index", len(x), self.site.out_shape, index_dtype(self.window))

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for a, b in blocks_of(channels_last(x), start, stop):
                max_pool(channels_last(x)[a:b], self.window, out[a:b], None if index is None else index[a:b])

        parallel_for(len(x), work)
        return channels_first(out)

    def _unpool(self, dout: Array, dx: Array, start: int, stop: int) -> None:
        max_unpool(dout, self.index[start:stop], self.window, dx)


class AvgPoolStep(_Pool):
    """Keeps nothing."""

    def forward(self, x: Array) -> Array:
        out = self._room("out", len(x), self.site.out_shape)

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for a, b in blocks_of(channels_last(x), start, stop):
                avg_pool(channels_last(x)[a:b], self.window, out[a:b])

        parallel_for(len(x), work)
        return channels_first(out)

    def _unpool(self, dout: Array, dx: Array, start: int, stop: int) -> None:  # noqa: ARG002
        avg_unpool(dout, self.window, dx)


class GlobalMaxPoolStep:
    """The largest of each channel, the first of equal ones."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def forward(self, x: Array) -> Array:
        pixels = channels_last(x).reshape(len(x), -1, x.shape[1])
        self.index = pixels.argmax(axis=1)[:, np.newaxis]
        return np.take_along_axis(pixels, self.index, axis=1)[:, 0]

    def backward(self, dout: Array) -> Array | None:
        if not self.site.needs_dx:
            return None
        C, H, W = self.site.shape
        dx = np.zeros((len(dout), H, W, C), dout.dtype)
        np.put_along_axis(dx.reshape(len(dout), -1, C), self.index, dout[:, np.newaxis], axis=1)
        return channels_first(dx)


class GlobalAvgPoolStep:
    """The mean of each channel."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def forward(self, x: Array) -> Array:
        return channels_last(x).reshape(len(x), -1, x.shape[1]).mean(axis=1)

    def backward(self, dout: Array) -> Array | None:
        if not self.site.needs_dx:
            return None
        C, H, W = self.site.shape
        shares = (dout / (H * W))[:, np.newaxis, np.newaxis]
        return channels_first(np.broadcast_to(shares, (len(dout), H, W, C)).copy())


def lower_max_pool(site: Site) -> Lowered:
    return Lowered(MaxPoolStep(site), "nhwc", "nhwc")


def lower_avg_pool(site: Site) -> Lowered:
    return Lowered(AvgPoolStep(site), "nhwc", "nhwc")


def lower_global_max_pool(site: Site) -> Lowered:
    return Lowered(GlobalMaxPoolStep(site), "nhwc", "flat")


def lower_global_avg_pool(site: Site) -> Lowered:
    return Lowered(GlobalAvgPoolStep(site), "nhwc", "flat")
