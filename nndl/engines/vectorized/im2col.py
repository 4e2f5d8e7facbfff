"""Convolution as one matrix product: every window becomes a row of `columns`, every filter a column of w.

Done for a few images at a time: their windows, HH * WW times as many numbers as the images, then stay in the cache
between being copied and being multiplied. With groups it is a product for each.
"""

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nndl.engines.shared.layout import Blocks, padded, slices
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import scratch
from nndl.engines.vectorized.geometry import Finish, Geometry, block_starts, ignore, sum_of_products, turned
from nndl.engines.vectorized.products import matmul_rows
from nndl.net.types import Array

CACHE = 1_000_000
"""Bytes of windows in a block: about the second-level cache of a core."""

SHORT = 64
"""Up to this many numbers in a row of a window, one copy of rows is quicker than a copy for each of its pixels."""


class Im2col:
    """Any window and any groups."""

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = g = geometry
        self.own = g.C // g.groups, g.F // g.groups
        self.features = prod(g.window.size) * self.own[0]
        self.block = max(1, CACHE // (g.height * g.width * self.features * g.groups * g.itemsize))

    def forward(self, images: Blocks, count: int, w: Array, target: Blocks, finish: Finish) -> None:
        """Compute out = columns @ w."""
        filters = self.by_group(w)

        def work(first: int, last: int, thread: int) -> None:  # noqa: ARG001
            for start, stop in block_starts(first, last, self.block):
                out = target(start, stop)
                self.multiply(images(start, stop), filters, out)
                finish(out, start, stop)

        parallel_for(count, work)

    def multiply(self, x: Array, filters: Array, out: Array) -> None:
        """Write the outputs of a block of images, on this thread."""
        columns = self._columns(x)
        for group, outs in self._of_groups(out.reshape(-1, self.geometry.F)):
            matmul_rows(columns[np.newaxis, :, group], filters[np.newaxis, group], outs[np.newaxis])

    def weight_gradient(self, images: Blocks, douts: Blocks, count: int, dw: Array) -> None:
        """Compute dw = columns.T @ dout."""
        g = self.geometry

        def factors(start: int, stop: int) -> tuple[Array, Array]:
            columns, dout = self._columns(images(start, stop)), douts(start, stop).reshape(-1, g.groups, self.own[1])
            return columns.swapaxes(0, 1), dout.swapaxes(0, 1)

        shape = g.groups, self.features, self.own[1]
        total = sum_of_products(count, self.block, g.height * g.width, shape, dw.dtype, factors)
        dw[...] = total.reshape(g.groups, *dw.shape[:3], -1).transpose(1, 2, 3, 0, 4).reshape(dw.shape)

    def input_gradient(self, douts: Blocks, count: int, w: Array, dx: Array) -> None:
        """Compute dx: at stride 1 convolve dout with the turned filters, else add up dout @ w.T window by window."""
        g = self.geometry
        if g.has_transposed():
            Im2col(g.transposed()).forward(douts, count, turned(w, g.groups), slices(dx), ignore)
            return
        filters = self.by_group(w)

        def work(first: int, last: int, thread: int) -> None:  # noqa: ARG001
            for start, stop in block_starts(first, last, self.block):
                dout = douts(start, stop).reshape(-1, g.F)
                dcolumns = scratch("columns", (len(dout), g.groups, self.features), dx.dtype)
                for group, douts_of_group in self._of_groups(dout):
                    np.matmul(douts_of_group, filters[group].T, out=dcolumns[:, group])
                self._add_up(dcolumns, dx[start:stop])

        parallel_for(count, work)

    def by_group(self, w: Array) -> Array:
        """Return filters (HH, WW, C / groups, F) as (groups, HH WW C / groups, F / groups)."""
        height, width, own, _ = w.shape
        by_group = w.reshape(height, width, own, self.geometry.groups, -1).transpose(3, 0, 1, 2, 4)
        return by_group.reshape(self.geometry.groups, self.features, -1)

    def _of_groups(self, out: Array) -> Iterator[tuple[int, Array]]:
        """Yield each group with its channels of out (pixels, F)."""
        F = self.own[1]
        for group in range(self.geometry.groups):
            yield group, out[:, group * F : (group + 1) * F]

    def _columns(self, x: Array) -> Array:
        """Copy x (N, H, W, C) to (N height width, groups, HH WW C / groups), a row for each window."""
        g = self.geometry
        if g.window[:3] == ((1, 1), (1, 1), (0, 0)):
            return x.reshape(-1, g.groups, self.features)
        x = x if x.shape[1:3] == g.padded else padded(x, g.window.pad, *g.padded)
        (height, width), own = g.window.size, self.own[0]
        columns = scratch("columns", (len(x), g.height, g.width, g.groups, height, width, own), x.dtype)
        if width * g.C <= SHORT:
            columns[...] = as_strided(x, columns.shape, self._strides(x))
        else:
            by_group = x.reshape(*x.shape[:3], g.groups, own)
            for i, j, rows, across in g.places():
                columns[:, :, :, :, i, j] = by_group[:, rows, across]
        return columns.reshape(-1, g.groups, self.features)

    def _strides(self, x: Array) -> tuple[int, ...]:
        """Return those of the windows of x, in the order of `columns`."""
        by_image, by_row, by_pixel, by_channel = x.strides
        (down, across), (apart_down, apart_across) = self.geometry.window.stride, self.geometry.window.dilation
        of_window = by_row * apart_down, by_pixel * apart_across, by_channel
        return (by_image, by_row * down, by_pixel * across, by_channel * self.own[0], *of_window)

    def _add_up(self, dcolumns: Array, dx: Array) -> None:
        """Sum the gradient of each pixel over the windows it stands in."""
        g = self.geometry
        windows = dcolumns.reshape(len(dx), g.height, g.width, g.groups, *g.window.size, self.own[0])
        dx_pad = scratch("padded", (len(dx), *g.padded, g.C), dx.dtype)
        dx_pad[...] = 0
        by_group = dx_pad.reshape(*dx_pad.shape[:3], g.groups, self.own[0])
        for i, j, rows, across in g.places():
            by_group[:, rows, across] += windows[:, :, :, :, i, j]
        top, left = g.window.pad
        dx[...] = dx_pad[:, top : top + g.H, left : left + g.W]
