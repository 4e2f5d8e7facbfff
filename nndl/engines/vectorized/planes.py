"""The first convolution, straight from images as people keep them: (N, C, H, W), few channels, no dx.

With three channels, the runs of channels that the other convolutions copy would be three numbers long. Here a window
position becomes a row of `planes` instead, a whole shifted image at a time: 2-3 times as quick for 3 x 3 filters.
"""

from math import prod

from numpy.lib.stride_tricks import as_strided

from nndl.engines.shared.layout import Blocks
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import scratch
from nndl.engines.vectorized.geometry import Finish, Geometry, block_starts, sum_over_batch
from nndl.engines.vectorized.products import matmul_rows, matmul_summed
from nndl.net.types import Array

CACHE = 4_000_000
"""Bytes of planes in a block."""


class Planes:
    """Any window, one group; images come as (N, C, H, W)."""

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = g = geometry
        self.features = prod(g.window.size) * g.C
        self.pixels = g.height * g.width
        self.block = max(1, CACHE // (self.pixels * self.features * g.itemsize))

    def forward(self, images: Blocks, count: int, w: Array, target: Blocks, finish: Finish) -> None:
        """Compute out = planes.T @ w, image by image."""
        filters = w.reshape(1, self.features, -1)

        def work(first: int, last: int, thread: int) -> None:  # noqa: ARG001
            for start, stop in block_starts(first, last, self.block):
                out = target(start, stop)
                planes = self._planes(images(start, stop))
                matmul_rows(planes.transpose(0, 2, 1), filters, out.reshape(len(out), self.pixels, -1))
                finish(out, start, stop)

        parallel_for(count, work)

    def weight_gradient(self, images: Blocks, douts: Blocks, count: int, dw: Array) -> None:
        """Compute dw = planes @ dout, summed over the images."""
        features, F = self.features, self.geometry.F

        def product(start: int, stop: int, out: Array) -> None:
            planes = self._planes(images(start, stop))
            out[...] = matmul_summed(planes, douts(start, stop).reshape(stop - start, self.pixels, F))

        dw[...] = sum_over_batch(count, self.block, (features, F), dw.dtype, product).reshape(dw.shape)

    def input_gradient(self, douts: Blocks, count: int, w: Array, dx: Array) -> None:
        """Refuse: nothing asks for the gradient of the images."""
        raise NotImplementedError

    def _planes(self, x: Array) -> Array:
        """Copy x (N, C, H, W) to (N, HH WW C, height width): the image under each place of the filter."""
        g = self.geometry
        x = self._padded(x)
        planes = scratch("columns", (len(x), *g.window.size, g.C, g.height, g.width), x.dtype)
        by_image, by_channel, by_row, by_pixel = x.strides
        (down, across), (apart_down, apart_across) = g.window.stride, g.window.dilation
        in_window = by_row * apart_down, by_pixel * apart_across
        strides = (by_image, *in_window, by_channel, by_row * down, by_pixel * across)
        planes[...] = as_strided(x, planes.shape, strides)
        return planes.reshape(len(x), self.features, self.pixels)

    def _padded(self, x: Array) -> Array:
        top, left = self.geometry.window.pad
        if not (top or left):
            return x
        N, C, H, W = x.shape
        room = scratch("padded", (N, C, *self.geometry.padded), x.dtype)
        room[...] = 0
        room[:, :, top : top + H, left : left + W] = x
        return room
