"""Spatial batch norm, with the ReLU and the max pooling that stand behind it, if any, in the same passes.

out = scale x + shift with one scale and shift for each channel. Going back, with g the gradient of scale x + shift:

    dgamma = sum(g x_hat),  dbeta = sum(g),  dx = scale (g - dbeta / m - x_hat dgamma / m),  m pixels in a channel
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nndl.engines.vectorized.activation import relu
from nndl.engines.vectorized.batch_statistics import Statistics
from nndl.engines.vectorized.layout import along, blocks_of, channel_sums, first, last, rows
from nndl.engines.vectorized.pool import index_dtype, max_pool, max_unpool
from nndl.engines.vectorized.threads import parallel_for
from nndl.engines.vectorized.workspace import Workspace, scratch
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.norm import SpatialBn
from nndl.net.catalog.pool import MaxPool
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array


class Tail:
    """What follows element by element and window by window: a ReLU, a max pooling, both in this order, or neither.

    Pooling first and then cutting at zero gives the same numbers from fewer; where all of a window is cut, no gradient
    passes, so the place of the maximum does not matter.
    """

    def __init__(self, sites: tuple[Site, ...], site: Site) -> None:
        self.relu = any(isinstance(member.layer, Relu) for member in sites)
        self.pool = next((member.layer for member in sites if isinstance(member.layer, MaxPool)), None)
        self.out_shape = site.out_shape
        self.dtype = site.dtype
        self.keeps = site.mode == "train"
        self.workspace = Workspace()

    def prepare(self, count: int) -> Array:
        """Make room for the output of `count` images, and return it: (N, H, W, C)."""
        C, H, W = self.out_shape
        self.out = self.workspace.array("out", (count, H, W, C), self.dtype)
        if self.pool and self.keeps:
            self.index = self.workspace.array("index", self.out.shape, index_dtype(self.pool.size))
        return self.out

    def forward(self, z: Array, start: int, stop: int) -> None:
        """From the block z to out[start:stop]; where nothing is pooled, z is out[start:stop] already."""
        out = self.out[start:stop]
        if self.pool:
            index = self.index[start:stop] if self.keeps else None
            max_pool(z, self.pool.size, self.pool.step, out, index)
            z = out
        if self.relu:
            relu(z, out, None)

    def backward(self, dout: Array, dz: Array, start: int, stop: int) -> Array:
        """From dout of images start to stop to their dz; `dz` is where to write it, and is returned."""
        if self.relu:
            passes = scratch("passes", dout.shape, np.bool_)
            np.greater(self.out[start:stop], 0, out=passes)
            cut = scratch("cut", dout.shape, dout.dtype) if self.pool else dz
            dout = np.multiply(dout, passes, out=cut)
        if self.pool:
            max_unpool(dout, self.index[start:stop], self.pool.size, self.pool.step, dz)
        elif not self.relu:
            dz[...] = dout
        return dz


@dataclass
class Affinity:
    """The batch norm of one pass as scale x + shift."""

    count: int
    mean: Array
    inverse_std: Array
    scale: Array
    shift: Array


class BatchNorm:
    """The arithmetic on one number per channel: statistics, running averages, gamma and beta. All in float64."""

    def __init__(self, site: Site) -> None:
        assert isinstance(site.layer, SpatialBn)
        self.layer = site.layer
        self.site = site

    def in_training(self, statistics: Statistics) -> Affinity:
        """Normalise by the batch, and take its statistics into the running averages."""
        count, mean, var = statistics.merged()
        layer = self.layer
        seen = var * count / max(count - 1, 1) if layer.unbiased else var
        for name, value in (("running_mean", mean), ("running_var", seen)):
            running = self.site.state[name]
            running[...] = layer.momentum * running + (1 - layer.momentum) * value
        return self._affinity(count, mean, var)

    def in_evaluation(self) -> Affinity:
        """Normalise by the running averages."""
        return self._affinity(0, self.site.state["running_mean"], self.site.state["running_var"])

    def _affinity(self, count: int, mean: Array, var: Array) -> Affinity:
        gamma, beta = self.layer.affine_params(self.site.params)
        inverse_std = 1 / np.sqrt(var.astype(np.float64) + self.layer.eps)
        scale = gamma * inverse_std
        return Affinity(count, mean, inverse_std, scale, beta - mean * scale)

    def backward(self, a: Affinity, sum_g: Array, sum_gx: Array) -> tuple[Array, Array]:
        """Write dgamma and dbeta; return (k, c) of dx = scale g - (k x + c)."""
        dgamma = (sum_gx - a.mean * sum_g) * a.inverse_std
        if "gamma" in self.site.grads:
            self.site.grads["gamma"][...] = dgamma
        self.site.grads["beta"][...] = sum_g
        k = a.scale * a.inverse_std * dgamma / a.count
        return k, a.scale * sum_g / a.count - k * a.mean


class BatchNormStep:
    """[spatial_bn], [spatial_bn, relu], [spatial_bn, max_pool] or [spatial_bn, relu, max_pool]."""

    def __init__(self, site: Site) -> None:
        members = site.members or (site,)
        self.norm = BatchNorm(members[0])
        self.tail = Tail(members[1:], site)
        self.site = site
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        images = last(x)
        if self.site.mode == "train":
            return self.normalise(images, observed(images))
        return self.normalise(images, None)

    def normalise(self, x: Array, statistics: Statistics | None) -> Array:
        """The output for x (N, H, W, C) with its statistics; without, by the running averages."""
        self.x = x
        a = self.a = self.norm.in_training(statistics) if statistics else self.norm.in_evaluation()
        out = self.tail.prepare(len(x))
        scale, shift = (along(v.astype(x.dtype), x.shape[2]) for v in (a.scale, a.shift))

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(x, start, stop):
                z = scratch("z", x[i:j].shape, x.dtype) if self.tail.pool else out[i:j]
                np.multiply(rows(x[i:j]), scale, out=rows(z))
                np.add(rows(z), shift, out=rows(z))
                self.tail.forward(z, i, j)

        parallel_for(len(x), work)
        return first(out)

    def backward(self, dout: Array) -> Array | None:
        """Two passes: the sums over the batch, then dx from them."""
        x = self.x
        g = self.workspace.array("g", x.shape, x.dtype)
        sums = self._pass_back(last(dout), g)
        k, c = (along(v.astype(x.dtype), x.shape[2]) for v in self.norm.backward(self.a, *sums))
        scale = along(self.a.scale.astype(x.dtype), x.shape[2])

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(x, start, stop):
                dx, line = rows(g[i:j]), rows(scratch("z", x[i:j].shape, x.dtype))
                np.multiply(rows(x[i:j]), k, out=line)
                np.add(line, c, out=line)
                np.multiply(dx, scale, out=dx)
                np.subtract(dx, line, out=dx)

        parallel_for(len(x), work)
        return first(g)

    def _pass_back(self, dout: Array, g: Array) -> tuple[Array, Array]:
        """Bring dout through the tail into g; the sums of g and of g x over each channel."""
        parts: dict[int, tuple[Any, Any]] = {}

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(g, start, stop):
                block = self.tail.backward(dout[i:j], g[i:j], i, j)
                parts[i] = channel_sums(block), channel_sums(block, self.x[i:j])

        parallel_for(len(g), work)
        in_order = [parts[start] for start in sorted(parts)]
        return sum(part[0] for part in in_order), sum(part[1] for part in in_order)


def observed(x: Array) -> Statistics:
    """The statistics of images that are there as a whole."""
    statistics = Statistics()

    def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
        for i, j in blocks_of(x, start, stop):
            statistics.observe(x[i:j], i)

    parallel_for(len(x), work)
    return statistics


def lower_spatial_bn(site: Site) -> Lowered:
    return Lowered(BatchNormStep(site), "nhwc", "nhwc")
