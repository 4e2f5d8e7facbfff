"""Spatial batch norm, ReLU and max pooling in the same passes.

Batch norm keeps the order of the numbers of a channel, or turns it where gamma is negative: so the largest of a window
is known before it is normalised, and normalising, cutting and their gradients happen on the maxima alone. Where gamma
is zero all numbers are equal behind batch norm, and the first in row-major order is the maximum.
"""

import numpy as np

from nndl.engines.shared.ghost import in_parts
from nndl.engines.shared.layout import blocks_of
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import scratch
from nndl.engines.vectorized.norm import BatchNormStep
from nndl.engines.vectorized.pool import max_pool
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array


class PooledBatchNormStep(BatchNormStep):
    """[spatial_bn, max_pool] with a ReLU before or behind the pooling, or none."""

    def prepare(self, count: int, out: Array | None = None) -> None:
        """Get ready for `count` images; `out` (N, H, W, C) may be the room for the output."""
        super().prepare(count, out)
        self.best = self.workspace.array("best", self.tail.out.shape, self.tail.dtype)

    def take(self, x: Array, start: int, stop: int) -> None:
        """Find the largest numbers of images start to stop, and their places, where gamma would put them."""
        pool, sign, best = self.tail.pool, self.norm.sign(), self.best[start:stop]
        assert pool is not None
        index = self.tail.index[start:stop] if self.tail.keeps else None
        if (sign > 0).all():
            max_pool(x, pool, best, index)
            return
        signed = np.multiply(x, sign, out=scratch("signed", x.shape, x.dtype))
        max_pool(signed, pool, best, index)
        np.multiply(best, sign, out=best)
        _, height, width, _ = best.shape
        rows, columns = (
            np.clip(np.arange(count) * stride - pad, 0, side - 1)
            for count, stride, pad, side in zip((height, width), pool.stride, pool.pad, x.shape[1:3], strict=True)
        )
        np.copyto(best, x[:, rows[:, np.newaxis], columns], where=sign == 0)

    def taken(self, x: Array) -> Array:
        """Take all of x (N, H, W, C), and return it."""

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for i, j in blocks_of(x, start, stop):
                self.take(x[i:j], i, j)

        parallel_for(len(x), work)
        return x

    @property
    def values(self) -> Array:
        """The numbers that are normalised, in the shape of the output: the maxima."""
        return self.best


def lower_pooled_bn(site: Site) -> Lowered:
    """Lower a group of batch norm and max pooling."""
    return Lowered(in_parts(site, PooledBatchNormStep), "nhwc", "nhwc")
