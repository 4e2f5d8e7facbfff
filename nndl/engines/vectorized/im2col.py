"""Convolution as one matrix product: every window becomes a row of `columns`, every filter a column of w.

Done for a few images at a time: their windows, size * size times as many numbers as the images, then stay in the
cache between being copied and being multiplied.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nndl.engines.shared.layout import Blocks, padded, slices
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import scratch
from nndl.engines.vectorized.geometry import Finish, Geometry, block_starts, ignore, sum_over_batch, turned
from nndl.engines.vectorized.products import matmul_rows
from nndl.net.types import Array

CACHE = 1_000_000
"""Bytes of windows in a block: about the second-level cache of a core."""

SHORT = 64
"""Up to this many numbers in a row of a window, one copy of rows is quicker than `size` copies of pixels."""


class Im2col:
    """Any size, stride and pad."""

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = g = geometry
        self.features = g.size * g.size * g.C
        self.block = max(1, CACHE // (g.height * g.width * self.features * g.itemsize))

    def forward(self, images: Blocks, count: int, w: Array, target: Blocks, finish: Finish) -> None:
        """Compute out = columns @ w."""
        filters = w.reshape(self.features, -1)

        def work(first: int, last: int, thread: int) -> None:  # noqa: ARG001
            for start, stop in block_starts(first, last, self.block):
                out = target(start, stop)
                columns = self._columns(images(start, stop))[np.newaxis]
                matmul_rows(columns, filters[np.newaxis], out.reshape(1, -1, self.geometry.F))
                finish(out, start, stop)

        parallel_for(count, work)

    def weight_gradient(self, images: Blocks, douts: Blocks, count: int, dw: Array) -> None:
        """Compute dw = columns.T @ dout."""
        features, F = self.features, self.geometry.F

        def product(start: int, stop: int, out: Array) -> None:
            columns = self._columns(images(start, stop))
            np.dot(columns.T, douts(start, stop).reshape(-1, F), out=out)

        dw[...] = sum_over_batch(count, self.block, (features, F), dw.dtype, product).reshape(dw.shape)

    def input_gradient(self, douts: Blocks, count: int, w: Array, dx: Array) -> None:
        """Compute dx: at stride 1 convolve dout with the turned filters, else add up dout @ w.T window by window."""
        g = self.geometry
        if g.stride == 1 and g.pad < g.size:
            Im2col(g.transposed()).forward(douts, count, turned(w), slices(dx), ignore)
            return
        filters = w.reshape(self.features, -1)

        def work(first: int, last: int, thread: int) -> None:  # noqa: ARG001
            for start, stop in block_starts(first, last, self.block):
                dout = douts(start, stop).reshape(-1, g.F)
                dcolumns = scratch("columns", (len(dout), self.features), dx.dtype)
                np.dot(dout, filters.T, out=dcolumns)
                self._add_up(dcolumns, dx[start:stop])

        parallel_for(count, work)

    def _columns(self, x: Array) -> Array:
        """Copy x (N, H, W, C) to (N height width, size size C), a row for each window."""
        g = self.geometry
        if g.size == g.stride == 1 and g.pad == 0:
            return x.reshape(-1, g.C)
        x = padded(x, g.pad, g.H + 2 * g.pad, g.W + 2 * g.pad) if g.pad else x
        columns = scratch("columns", (len(x), g.height, g.width, g.size, g.size, g.C), x.dtype)
        by_image, by_row, by_pixel, by_channel = x.strides
        windows = as_strided(
            x, columns.shape, (by_image, by_row * g.stride, by_pixel * g.stride, by_row, by_pixel, by_channel)
        )
        if g.size * g.C <= SHORT:
            columns[...] = windows
        else:
            for i in range(g.size):
                for j in range(g.size):
                    columns[:, :, :, i, j] = windows[:, :, :, i, j]
        return columns.reshape(-1, self.features)

    def _add_up(self, dcolumns: Array, dx: Array) -> None:
        """Sum the gradient of each pixel over the windows it stands in."""
        g = self.geometry
        windows = dcolumns.reshape(len(dx), g.height, g.width, g.size, g.size, g.C)
        dx_pad = scratch("padded", (len(dx), g.H + 2 * g.pad, g.W + 2 * g.pad, g.C), dx.dtype)
        dx_pad[...] = 0
        for i in range(g.size):
            for j in range(g.size):
                rows = slice(i, i + (g.height - 1) * g.stride + 1, g.stride)
                columns = slice(j, j + (g.width - 1) * g.stride + 1, g.stride)
                dx_pad[:, rows, columns] += windows[:, :, :, i, j]
        dx[...] = dx_pad[:, g.pad : g.pad + g.H, g.pad : g.pad + g.W]
