"""Mean and variance over a batch that comes in blocks, in one pass and without cancellation.

Each block is centred on its own mean while it is in the cache; the blocks are then put together in float64 (Chan, Golub
and LeVeque 1979). The difference of E[x^2] and E[x]^2 in float32 would lose the variance of channels far from zero.
"""

import numpy as np

from nndl.engines.vectorized.layout import along, channel_sums, rows
from nndl.engines.vectorized.workspace import scratch
from nndl.net.types import Array


class Statistics:
    """The blocks seen so far, by where they start in the batch."""

    def __init__(self) -> None:
        self._blocks: dict[int, tuple[int, Array, Array]] = {}

    def observe(self, block: Array, start: int) -> None:
        """Take a block of images (n, H, W, C) into account; called from any thread, in any order."""
        count = block.size // block.shape[3]
        mean = channel_sums(block) / count
        rounded = mean.astype(block.dtype)
        centred = scratch("centred", block.shape, block.dtype)
        np.subtract(rows(block), along(rounded, block.shape[2]), out=rows(centred))
        off = mean - rounded
        self._blocks[start] = count, mean, channel_sums(centred, centred) - count * off * off

    def merged(self) -> tuple[int, Array, Array]:
        """How many pixels were seen, and the mean and biased variance of each channel, (C,) float64."""
        in_order = [self._blocks[start] for start in sorted(self._blocks)]
        counts = np.array([[count] for count, _, _ in in_order], np.float64)
        means = np.array([mean for _, mean, _ in in_order])
        squares = np.array([square for _, _, square in in_order])
        total = counts.sum()
        mean = (counts * means).sum(axis=0) / total
        var = (squares + counts * (means - mean) ** 2).sum(axis=0) / total
        return int(total), mean, var
