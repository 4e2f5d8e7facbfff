"""The first convolution, straight from images as people keep them: (N, C, H, W), few channels, no dx.

With three channels, the runs of channels that the other convolutions copy would be three numbers long. Here a window
position becomes a row of `planes` instead, a whole shifted image at a time: 2-3 times as quick for 3 x 3 filters.
"""

from math import prod

import numpy as np
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
                planes = self._planes(self._shifted(images(start, stop)))
                matmul_rows(planes.transpose(0, 2, 1), filters, out.reshape(len(out), self.pixels, -1))
                finish(out, start, stop)

        parallel_for(count, work)

    def weight_gradient(self, images: Blocks, douts: Blocks, count: int, dw: Array) -> None:
        """Compute dw = planes @ dout, summed over the images."""
        g = self.geometry

        def product(start: int, stop: int, out: Array) -> None:
            shifted = self._shifted(images(start, stop))
            dout = douts(start, stop).reshape(stop - start, self.pixels, g.F)
            if g.window.stride[0] == 1:  # the planes of a row of the filter are rows of `shifted`, copied nowhere
                np.sum(np.matmul(self._by_row(shifted), dout), axis=1, out=out)
            else:
                out[...] = matmul_summed(self._planes(shifted), dout).reshape(out.shape)

        shape = g.window.size[0], self.features // g.window.size[0], g.F
        dw[...] = sum_over_batch(count, self.block, shape, dw.dtype, product).reshape(dw.shape)

    def input_gradient(self, douts: Blocks, count: int, w: Array, dx: Array) -> None:
        """Refuse: nothing asks for the gradient of the images."""
        raise NotImplementedError

    def _shifted(self, x: Array) -> Array:
        """Copy x (N, C, H, W) to (N, WW, C, H padded, width): the image under each column of the filter."""
        g = self.geometry
        x = self._padded(x)
        (_, across), (_, apart) = g.window.stride, g.window.dilation
        shifted = scratch("shifted", (len(x), g.window.size[1], g.C, x.shape[2], g.width), x.dtype)
        by_image, by_channel, by_row, by_pixel = x.strides
        strides = by_image, by_pixel * apart, by_channel, by_row, by_pixel * across
        shifted[...] = as_strided(x, shifted.shape, strides)
        return shifted

    def _planes(self, shifted: Array) -> Array:
        """Copy them to (N, HH WW C, height width): the image under each place of the filter."""
        g = self.geometry
        (down, _), (apart, _) = g.window.stride, g.window.dilation
        planes = scratch("columns", (len(shifted), *g.window.size, g.C, g.height, g.width), shifted.dtype)
        by_image, by_column, by_channel, by_row, by_pixel = shifted.strides
        strides = by_image, by_row * apart, by_column, by_channel, by_row * down, by_pixel
        planes[...] = as_strided(shifted, planes.shape, strides)
        return planes.reshape(len(shifted), self.features, self.pixels)

    def _by_row(self, shifted: Array) -> Array:
        """View them, at a stride of 1 down, as (HH, N, WW C, height width): for each row of the filter."""
        g = self.geometry
        by_image, _, by_channel, by_row, by_pixel = shifted.strides
        shape = g.window.size[0], len(shifted), g.window.size[1] * g.C, self.pixels
        return as_strided(shifted, shape, (by_row * g.window.dilation[0], by_image, by_channel, by_pixel))

    def _padded(self, x: Array) -> Array:
        top, left = self.geometry.window.pad
        if x.shape[2:] == self.geometry.padded:
            return x
        N, C, H, W = x.shape
        room = scratch("padded", (N, C, *self.geometry.padded), x.dtype)
        room[...] = 0
        room[:, :, top : top + H, left : left + W] = x
        return room
