"""Convolution of each channel by itself: no matrix product, but a pass over the images for each place of the filters.

An image is shifted under each place in turn, multiplied by that place's number for each channel, and added up. The
passes go over a few images at a time, which stay in the cache.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nndl.engines.shared.layout import Blocks, padded
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import scratch
from nndl.engines.vectorized.geometry import Finish, Geometry, block_starts, sum_over_batch
from nndl.net.types import Array

CACHE = 1_600_000
"""Bytes of a block of images, its output and what is added to it; measured."""


class Depthwise:
    """As many groups as channels, any window. With several filters a channel, the channel is repeated for each."""

    def __init__(self, geometry: Geometry) -> None:
        self.repeats = geometry.F // geometry.C
        self.geometry = g = replace(geometry, C=geometry.F, groups=geometry.F)
        self.block = max(1, CACHE // (g.F * (g.padded[0] * g.padded[1] + 2 * g.height * g.width) * g.itemsize))

    def forward(self, images: Blocks, count: int, w: Array, target: Blocks, finish: Finish) -> None:
        """Add up the shifted images, each times the filters' numbers at its place."""
        along = self._along(w)

        def work(first: int, last: int, thread: int) -> None:  # noqa: ARG001
            for start, stop in block_starts(first, last, self.block):
                out, started = target(start, stop), False
                for i, j, there in self._shifted(self._padded(images(start, stop))):
                    product = scratch("product", out.shape, out.dtype) if started else out
                    np.multiply(there, along[i, j], out=product)
                    if started:
                        np.add(out, product, out=out)
                    started = True
                finish(out, start, stop)

        parallel_for(count, work)

    def weight_gradient(self, images: Blocks, douts: Blocks, count: int, dw: Array) -> None:
        """Sum each shifted image times dout over all pixels."""

        def product(start: int, stop: int, out: Array) -> None:
            dout = douts(start, stop)
            for i, j, there in self._shifted(self._padded(images(start, stop))):
                times = np.multiply(there, dout, out=scratch("product", dout.shape, dout.dtype))
                by_column = times.reshape(-1, times.shape[2] * times.shape[3]).sum(axis=0)
                out[i, j, 0] = by_column.reshape(times.shape[2:]).sum(axis=0)

        dw[...] = sum_over_batch(count, self.block, dw.shape, dw.dtype, product)

    def input_gradient(self, douts: Blocks, count: int, w: Array, dx: Array) -> None:
        """Add dout, times the filters' numbers at a place, to the pixels under that place."""
        g, along = self.geometry, self._along(w)

        def work(first: int, last: int, thread: int) -> None:  # noqa: ARG001
            for start, stop in block_starts(first, last, self.block):
                dout = douts(start, stop)
                dx_pad = scratch("padded", (stop - start, *g.padded, g.F), dx.dtype)
                dx_pad[...] = 0
                for i, j, there in self._shifted(dx_pad):
                    product = scratch("product", dout.shape, dout.dtype)
                    np.add(there, np.multiply(dout, along[i, j], out=product), out=there)
                self._take(dx_pad, dx[start:stop])

        parallel_for(count, work)

    def _padded(self, x: Array) -> Array:
        """Pad a block of images, with a channel for each filter."""
        g = self.geometry
        x = np.repeat(x, self.repeats, axis=3) if self.repeats > 1 else x
        return x if x.shape[1:3] == g.padded else padded(x, g.window.pad, *g.padded)

    def _take(self, dx_pad: Array, dx: Array) -> None:
        """Cut the padding off, and add up the gradients of a channel's filters."""
        (top, left), (_, H, W, C) = self.geometry.window.pad, dx.shape
        inside = dx_pad[:, top : top + H, left : left + W]
        if self.repeats == 1:
            dx[...] = inside
        else:
            np.sum(inside.reshape(len(dx), H, W, C, self.repeats), axis=4, out=dx)

    def _shifted(self, x: Array) -> Iterator[tuple[int, int, Array]]:
        """Yield each place of the filters, with the pixels of padded images x that stand under it."""
        for i, j, rows, columns in self.geometry.places():
            yield i, j, x[:, rows, columns]

    def _along(self, w: Array) -> Array:
        """Repeat filters (HH, WW, 1, F) to (HH, WW, width, F), a row of pixels: long runs are quicker to multiply."""
        return np.repeat(w, self.geometry.width, axis=2)
