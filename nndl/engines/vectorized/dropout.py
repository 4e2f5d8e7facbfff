"""Dropout: slices of the batch side by side, each with its part of the draws."""

from math import prod

import numpy as np

from nndl.engines.shared.dropout import DropoutStep
from nndl.engines.shared.philox import from_here, skip
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import scratch
from nndl.net.types import Array


class SlicedDropoutStep(DropoutStep):
    """An example at a time through the cache."""

    def draw(self, count: int, random: np.random.Generator) -> None:
        shape, size = self.site.shape, prod(self.site.shape)

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            own = from_here(random, start * size)
            u = scratch("drawn", shape, np.float64)
            for n in range(start, stop):
                own.random(out=u)
                self.kept[n] = (u.transpose(1, 2, 0) if self.last else u) < self.p

        parallel_for(count, work)
        skip(random, count * size)

    def multiply(self, x: Array, out: Array) -> None:
        factor = x.dtype.type(1 / self.p)

        def work(start: int, stop: int, thread: int) -> None:  # noqa: ARG001
            for n in range(start, stop):
                np.multiply(self.kept[n], factor, out=out[n])
                np.multiply(out[n], x[n], out=out[n])

        parallel_for(len(x), work)
