"""The tail of a convolution, image by image: a ReLU, a max pooling, both, or neither."""

import numpy as np

from nndl.engines.shared.workspace import Workspace, scratch
from nndl.engines.vectorized.activation import relu
from nndl.engines.vectorized.pool import index_dtype, max_pool, max_unpool
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.pool import MaxPool
from nndl.net.contract import Site
from nndl.net.types import Array


class Tail:
    """Pools first and cuts at zero then, in whatever order the layers stand: the same numbers, from fewer.

    Where all of a window is cut no gradient passes, so the place of its maximum does not matter.
    """

    def __init__(self, members: tuple[Site, ...], site: Site) -> None:
        self.relu = any(isinstance(member.layer, Relu) for member in members)
        pools = [member.layer.window for member in members if isinstance(member.layer, MaxPool)]
        self.pool = pools[0] if pools else None
        self.out_shape = site.out_shape
        self.dtype = site.dtype
        self.keeps = site.mode == "train"
        self.workspace = Workspace()

    def prepare(self, count: int, out: Array | None = None) -> Array:
        """Make room for the output of `count` images, unless `out` is that, and return it: (N, H, W, C)."""
        C, H, W = self.out_shape
        self.out = self.workspace.array("out", (count, H, W, C), self.dtype) if out is None else out
        if self.pool and self.keeps:
            self.index = self.workspace.array("index", self.out.shape, index_dtype(self.pool))
        return self.out

    def forward(self, z: Array, start: int, stop: int) -> None:
        """Compute out[start:stop] from the block z; where nothing is pooled, z is out[start:stop] already."""
        out = self.out[start:stop]
        if self.pool:
            index = self.index[start:stop] if self.keeps else None
            max_pool(z, self.pool, out, index)
        self.cut(start, stop)

    def cut(self, start: int, stop: int) -> None:
        """Cut out[start:stop] at zero, where there is a ReLU."""
        if self.relu:
            relu(self.out[start:stop], self.out[start:stop], None)

    def uncut(self, dout: Array, start: int, stop: int, into: Array) -> Array:
        """Cut dout of images start to stop to zero where the ReLU cut: in `into`, or dout itself without a ReLU."""
        if not self.relu:
            return dout
        passes = scratch("passes", dout.shape, np.bool_)
        np.greater(self.out[start:stop], 0, out=passes)
        return np.multiply(dout, passes, out=into)

    def unpooled(self, dout: Array, start: int, stop: int, into: Array) -> Array:
        """Put dout of images start to stop where their maxima stand: in `into`, or dout itself without a pooling."""
        if not self.pool:
            return dout
        max_unpool(dout, self.index[start:stop], self.pool, into)
        return into

    def backward(self, dout: Array, dz: Array, start: int, stop: int) -> Array:
        """Compute dz of images start to stop from their dout, written to `dz` unless it is dout itself."""
        cut = scratch("cut", dout.shape, dout.dtype) if self.pool else dz
        return self.unpooled(self.uncut(dout, start, stop, cut), start, stop, dz)
