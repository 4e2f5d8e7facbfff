"""Spatial batch norm, with the ReLU behind it, if any, in the same passes.

out = scale x + shift with one scale and shift for each channel. Going back, with g the gradient of scale x + shift:

    dgamma = sum(g x_hat),  dbeta = sum(g),  dx = scale (g - dbeta / m - x_hat dgamma / m),  m pixels in a channel
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nndl.engines.shared.ghost import in_parts
from nndl.engines.shared.layout import along, blocks_of, channel_sums, channels_first, channels_last, rows
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import Workspace, scratch
from nndl.engines.vectorized.batch_statistics import Statistics, of_batch
from nndl.engines.vectorized.tail import Tail
from nndl.net.catalog.norm import SpatialBn
from nndl.net.contract import Lowered, Site
from nndl.net.running import move_averages
from nndl.net.types import Array


@dataclass
class Affinity:
    """The batch norm of one pass as scale x + shift, (C,) float64."""

    pixels: int
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

    def affinity(self, x: Array, seen: Statistics | None) -> Affinity:
        """Normalise x (N, H, W, C) by the batch in training, moving the running averages; in evaluation by these."""
        if self.site.mode == "test":
            return self.in_evaluation()
        count, mean, var = of_batch(x, seen)
        move_averages(self.site, count, mean, var)
        return self._affinity(count, mean, var)

    def sign(self) -> Array:
        """Return 1 for channels that keep the order of their numbers, -1 where it turns, 0 where all become equal."""
        return np.sign(self.layer.affine_params(self.site.params)[0])

    def in_evaluation(self) -> Affinity:
        """Normalise by the running averages."""
        return self._affinity(0, self.site.state["running_mean"], self.site.state["running_var"])

    def _affinity(self, pixels: int, mean: Array, var: Array) -> Affinity:
        gamma, beta = self.layer.affine_params(self.site.params)
        inverse_std = 1 / np.sqrt(var.astype(np.float64) + self.layer.eps)
        scale = gamma * inverse_std
        return Affinity(pixels, mean, inverse_std, scale, beta - mean * scale)

    def line(self, a: Affinity, sum_g: Array, sum_gx: Array) -> tuple[Array, Array]:
        """Write dgamma and dbeta; return (k, c) of dx = scale g - (k x + c)."""
        dgamma = (sum_gx - a.mean * sum_g) * a.inverse_std
        if "gamma" in self.site.grads:
            self.site.grads["gamma"][...] = dgamma
        if "beta" in self.site.grads:
            self.site.grads["beta"][...] = sum_g
        k = a.scale * a.inverse_std * dgamma / a.pixels
        return k, a.scale * sum_g / a.pixels - k * a.mean


class BatchNormStep:
    """[spatial_bn] or [spatial_bn, relu]; with a pooling behind it, PooledBatchNormStep."""

    def __init__(self, site: Site) -> None:
        self.norm = BatchNorm(site.row[0])
        self.tail = Tail(site.row[1:], site)
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        self.prepare(len(x))
        return self.normalise(self.taken(channels_last(x)))

    def forward_into(self, x: Array, out: Array) -> None:
        """Write the output; the room for it is given."""
        self.prepare(len(x), channels_last(out))
        self.normalise(self.taken(channels_last(x)))

    def prepare(self, count: int, out: Array | None = None) -> None:
        """Get ready for `count` images; `out` (N, H, W, C) may be the room for the output."""
        self.tail.prepare(count, out)

    def take(self, x: Array, start: int, stop: int) -> None:
        """Do what can be done with images start to stop before the statistics are known: nothing."""

    def taken(self, x: Array) -> Array:
        """Take all of x (N, H, W, C), and return it."""
        return x

    @property
    def values(self) -> Array:
        """The numbers that are normalised, in the shape of the output: x."""
        return self.x

    def normalise(self, x: Array, seen: Statistics | None = None) -> Array:
        """Compute the output for x (N, H, W, C), which has been taken and whose statistics may be there already."""
        self.x = x
        a = self.a = self.norm.affinity(x, seen)
        values, out = self.values, self.tail.out
        scale, shift = (along(v.astype(x.dtype), out.shape[2]) for v in (a.scale, a.shift))

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(out, start, stop):
                np.multiply(rows(values[i:j]), scale, out=rows(out[i:j]))
                np.add(rows(out[i:j]), shift, out=rows(out[i:j]))
                self.tail.cut(i, j)

        parallel_for(len(x), work)
        return channels_first(out)

    def backward(self, dout: Array) -> Array | None:
        return self.pass_back(dout, self.workspace.array("dx", self.x.shape, self.x.dtype))

    def backward_into(self, dout: Array, dx: Array) -> None:
        """Write dx, which is given."""
        self.pass_back(dout, channels_last(dx))

    def pass_back(self, dout: Array, dx: Array) -> Array:
        """Write dx, which may be the memory of x: the sums over the batch first, then dx from them."""
        given, x, values = channels_last(dout), self.x, self.values

        def gradient(i: int, j: int) -> Array:
            return self.tail.uncut(given[i:j], i, j, scratch("g", given[i:j].shape, x.dtype))

        sums = sums_over_batch(x, lambda i, j: (gradient(i, j), values[i:j]))
        k, c = (along(v.astype(x.dtype), x.shape[2]) for v in self.norm.line(self.a, *sums))
        scale = along(self.a.scale.astype(x.dtype), given.shape[2])

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(x, start, stop):
                line = rows(scratch("line", x[i:j].shape, x.dtype))
                np.multiply(rows(x[i:j]), k, out=line)
                np.add(line, c, out=line)
                scaled = scratch("g", given[i:j].shape, x.dtype)
                np.multiply(rows(gradient(i, j)), scale, out=rows(scaled))
                np.subtract(rows(self.tail.unpooled(scaled, i, j, dx[i:j])), line, out=rows(dx[i:j]))

        parallel_for(len(x), work)
        return channels_first(dx)


def sums_over_batch(x: Array, pairs: Callable[[int, int], tuple[Array, Array]]) -> tuple[Array, Array]:
    """Sum g and g v for each channel over the blocks of x, with (g, v) = pairs(start, stop); float64."""
    parts: dict[int, tuple[Array, Array]] = {}

    def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
        for i, j in blocks_of(x, start, stop):
            g, v = pairs(i, j)
            parts[i] = channel_sums(g), channel_sums(g, v)

    parallel_for(len(x), work)
    in_order = [parts[start] for start in sorted(parts)]
    return np.sum([part[0] for part in in_order], axis=0), np.sum([part[1] for part in in_order], axis=0)


def lower_spatial_bn(site: Site) -> Lowered:
    """Lower batch norm alone, or with a ReLU."""
    return Lowered(in_parts(site, BatchNormStep), "nhwc", "nhwc")
