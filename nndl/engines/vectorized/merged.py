"""Groups too small for a quick matrix product, several taken together: their filters see each other's channels times 0.

Wasted products cost less than many short ones.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nndl.engines.shared.layout import Blocks
from nndl.engines.vectorized.geometry import Convolution, Finish, Geometry
from nndl.engines.vectorized.im2col import Im2col
from nndl.net.types import Array


class Merged:
    """A convolution by another way, with every `size` groups as one."""

    def __init__(self, way: Callable[[Geometry], Convolution], geometry: Geometry, size: int) -> None:
        self.size, self.groups = size, geometry.groups // size
        self.way = way(replace(geometry, groups=self.groups))
        self.apart = Im2col(geometry)

    def forward(self, images: Blocks, count: int, w: Array, target: Blocks, finish: Finish) -> None:
        """Convolve with filters that are zero on the channels of other groups."""
        filters = self.apart.by_group(w)

        def finish_finite(block: Array, start: int, stop: int) -> None:
            with np.errstate(over="ignore", invalid="ignore"):
                finite = np.isfinite(block.sum())
            if not finite:  # infinity times 0 is no 0, and would show in the other groups
                self.apart.multiply(images(start, stop), filters, block)
            finish(block, start, stop)

        self.way.forward(images, count, self._whole(w), target, finish_finite)

    def weight_gradient(self, images: Blocks, douts: Blocks, count: int, dw: Array) -> None:
        """Compute that of the merged filters, and keep what belongs to a filter's own group."""
        whole = np.empty((*dw.shape[:2], dw.shape[2] * self.size, dw.shape[3]), dw.dtype)
        self.way.weight_gradient(images, douts, count, whole)
        theirs, own = self._parts(whole), self._filters(dw)
        for part in range(self.size):
            own[:, :, :, :, part] = theirs[:, :, part, :, :, part]

    def input_gradient(self, douts: Blocks, count: int, w: Array, dx: Array) -> None:
        """Send dout back through the merged filters."""
        self.way.input_gradient(douts, count, self._whole(w), dx)

    def _whole(self, w: Array) -> Array:
        """Return the merged filters (HH, WW, C / groups, F)."""
        whole = np.zeros((*w.shape[:2], w.shape[2] * self.size, w.shape[3]), w.dtype)
        theirs, own = self._parts(whole), self._filters(w)
        for part in range(self.size):
            theirs[:, :, part, :, :, part] = own[:, :, :, :, part]
        return whole

    def _filters(self, w: Array) -> Array:
        """View filters of the groups as they are as (HH, WW, channels, merged groups, parts, filters of a part)."""
        return w.reshape(*w.shape[:3], self.groups, self.size, -1)

    def _parts(self, whole: Array) -> Array:
        """View merged ones as (HH, WW, parts, channels of a part, merged groups, parts, filters of a part)."""
        height, width, channels, _ = whole.shape
        return whole.reshape(height, width, self.size, channels // self.size, self.groups, self.size, -1)
