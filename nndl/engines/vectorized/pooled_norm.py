"""Spatial batch norm, ReLU and max pooling in the same passes.

Batch norm keeps the order of the numbers of a channel, or turns it where gamma is negative: so the largest of a window
is known before it is normalised, and normalising, cutting and their gradients happen on the maxima alone. Where gamma
is zero all numbers are equal behind batch norm, and the first in row-major order is the maximum.
"""

import numpy as np

from nndl.engines.shared.ghost import in_parts
from nndl.engines.shared.layout import along, blocks_of, channels_first, channels_last, rows
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import Workspace, scratch
from nndl.engines.vectorized.activation import relu
from nndl.engines.vectorized.batch_statistics import Statistics
from nndl.engines.vectorized.norm import BatchNorm, sums_over_batch
from nndl.engines.vectorized.pool import max_pool, max_unpool
from nndl.engines.vectorized.tail import Tail
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array


class PooledBatchNormStep:
    """[spatial_bn, max_pool] with a ReLU before or behind the pooling, or none."""

    def __init__(self, site: Site) -> None:
        self.norm = BatchNorm(site.members[0])
        self.tail = tail = Tail(site.members[1:], site)
        assert tail.pool is not None
        self.size, self.stride = tail.pool.size, tail.pool.step
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        self.prepare(len(x))
        return self._in_blocks(channels_last(x))

    def forward_into(self, x: Array, out: Array) -> None:
        """Write the output; the room for it is given."""
        self.prepare(len(x), channels_last(out))
        self._in_blocks(channels_last(x))

    def _in_blocks(self, images: Array) -> Array:
        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(images, start, stop):
                self.take(images[i:j], i, j)

        parallel_for(len(images), work)
        return self.normalise(images)

    def normalise(self, x: Array, seen: Statistics | None = None) -> Array:
        """The output for x (N, H, W, C), whose blocks and statistics have been taken."""
        self.x = x
        a = self.a = self.norm.affinity(x, seen)
        best, out = self.best, self.tail.out
        scale, shift = (along(v.astype(x.dtype), out.shape[2]) for v in (a.scale, a.shift))

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(out, start, stop):
                np.multiply(rows(best[i:j]), scale, out=rows(out[i:j]))
                np.add(rows(out[i:j]), shift, out=rows(out[i:j]))
                if self.tail.relu:
                    relu(out[i:j], out[i:j], None)

        parallel_for(len(x), work)
        return channels_first(out)

    def prepare(self, count: int, out: Array | None = None) -> None:
        """Get ready for `count` images; `out` (N, H, W, C) may be the room for the output."""
        self.best = self.workspace.array("best", self.tail.prepare(count, out).shape, self.tail.dtype)

    def take(self, x: Array, start: int, stop: int) -> None:
        """Find the largest numbers of images start to stop, and their places, where gamma would put them."""
        sign, best = self.norm.sign(), self.best[start:stop]
        index = self.tail.index[start:stop] if self.tail.keeps else None
        if (sign > 0).all():
            max_pool(x, self.size, self.stride, best, index)
            return
        signed = np.multiply(x, sign, out=scratch("signed", x.shape, x.dtype))
        max_pool(signed, self.size, self.stride, best, index)
        np.multiply(best, sign, out=best)
        _, height, width, _ = best.shape
        corners = x[:, :: self.stride, :: self.stride][:, :height, :width]
        np.copyto(best, corners, where=sign == 0)

    def backward(self, dout: Array) -> Array | None:
        return self.pass_back(dout, self.workspace.array("dx", self.x.shape, self.x.dtype))

    def backward_into(self, dout: Array, dx: Array) -> None:
        """Write dx, which is given."""
        self.pass_back(dout, channels_last(dx))

    def pass_back(self, dout: Array, dx: Array) -> Array:
        """Write dx, which may be the memory of x: the sums over the batch first, then dx from them."""
        given, x, width = channels_last(dout), self.x, self.x.shape[2]

        def gradient(i: int, j: int) -> Array:
            return self.tail.uncut(given[i:j], i, j, scratch("g", given[i:j].shape, x.dtype))

        sums = sums_over_batch(x, lambda i, j: (gradient(i, j), self.best[i:j]))
        k, c = (along(v.astype(x.dtype), width) for v in self.norm.line(self.a, *sums))
        scale = along(self.a.scale.astype(x.dtype), given.shape[2])

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(x, start, stop):
                line = rows(scratch("line", x[i:j].shape, x.dtype))
                np.multiply(rows(x[i:j]), k, out=line)
                np.add(line, c, out=line)
                scaled = scratch("g", given[i:j].shape, x.dtype)
                np.multiply(rows(gradient(i, j)), scale, out=rows(scaled))
                max_unpool(scaled, self.tail.index[i:j], self.size, self.stride, dx[i:j])
                np.subtract(rows(dx[i:j]), line, out=rows(dx[i:j]))

        parallel_for(len(x), work)
        return channels_first(dx)


def lower_pooled_bn(site: Site) -> Lowered:
    """For a group of batch norm and max pooling."""
    return Lowered(in_parts(site, PooledBatchNormStep), "nhwc", "nhwc")
