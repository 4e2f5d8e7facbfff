"""Winograd's convolution F(4x4, 3x3): 36 multiplications for 16 outputs of a 3 x 3 filter, where 144 are usual.

Lavin and Gray 2015, "Fast algorithms for convolutional neural networks". A tile is 6 x 6 pixels and gives 4 x 4:

    out = A' [ (B' tile B) * (G w G') ] A      (' transposes, * is element by element)

Summed over channels, the middle is a matrix product for each of the 36 places, (tiles, C) @ (C, F). The transforms are
matrix products too: B' tile B is (B' x B') @ tile with the Kronecker product and the tile as a vector of 36. dw is the
adjoint: dw = G' [ sum over tiles (B' tile B) * (A dout A') ] G.

The numbers in the transforms cost accuracy: in float32 results are within 1e-5 of the largest (plain sums: 1e-6).
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nndl.engines.shared.layout import Blocks, padded, slices
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import scratch
from nndl.engines.vectorized.geometry import Finish, Geometry, block_starts, ignore, sum_of_products, turned
from nndl.engines.vectorized.products import SMALL, matmul_columns, matmul_rows
from nndl.net.types import Array

B_T = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
G = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24
A_T = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])

CACHE = 2_000_000
"""Bytes of transformed tiles in a block, before and after the product."""

PIECE = 2_000_000
"""Bytes of tiles that are transformed at a time."""

ENOUGH = 128
"""Tiles in a block where channels are many: each block goes through all filters, which then do not fit the cache."""


class Winograd:
    """3 x 3 filters at stride 1, any pad up to 2 and any groups."""

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = g = geometry
        self.down, self.across = -(-g.height // 4), -(-g.width // 4)
        self.tiles = self.down * self.across
        per_image = 36 * self.tiles * (g.C + g.F) * g.itemsize
        self.own = g.C // g.groups, g.F // g.groups
        many = self.own[0] * self.own[1] * 24 > SMALL
        self.block = max(1, CACHE // per_image, ENOUGH // self.tiles if many else 1)
        self.piece = max(1, PIECE // (36 * self.tiles * max(g.C, g.F) * g.itemsize))
        self.B_T, self.G, self.A_T = _transforms(g.itemsize)

    def forward(self, images: Blocks, count: int, w: Array, target: Blocks, finish: Finish) -> None:
        """Transform tiles, multiply, transform back."""
        g = self.geometry
        filters = np.dot(self.G, w.reshape(9, -1)).reshape(36, -1, g.F)

        def work(first: int, last: int, thread: int) -> None:  # noqa: ARG001
            for start, stop in block_starts(first, last, self.block):
                tiles = self._transformed_tiles(images(start, stop))
                products = scratch("products", (36, tiles.shape[1], g.F), w.dtype)
                for own, outs in self._groups():
                    matmul_rows(tiles[:, :, own], filters[:, :, outs], products[:, :, outs])
                out = target(start, stop)
                self._transform_back(products, out)
                finish(out, start, stop)

        parallel_for(count, work)

    def weight_gradient(self, images: Blocks, douts: Blocks, count: int, dw: Array) -> None:
        """Compute dw: the adjoint of forward with respect to w."""
        groups, (C, F) = self.geometry.groups, self.own

        def factors(start: int, stop: int) -> tuple[Array, Array]:
            tiles = self._transformed_tiles(images(start, stop)).reshape(36, -1, groups, C)
            transformed = self._transformed_douts(douts(start, stop)).reshape(36, -1, groups, F)
            return tiles.swapaxes(1, 2), transformed.swapaxes(1, 2)

        total = sum_of_products(count, self.block, self.tiles, (36, groups, C, F), dw.dtype, factors)
        dw[...] = np.dot(self.G.T, total.swapaxes(1, 2).reshape(36, -1)).reshape(dw.shape)

    def input_gradient(self, douts: Blocks, count: int, w: Array, dx: Array) -> None:
        """Compute dx: the convolution of dout with the turned filters."""
        Winograd(self.geometry.transposed()).forward(douts, count, turned(w, self.geometry.groups), slices(dx), ignore)

    def _groups(self) -> Iterator[tuple[slice, slice]]:
        """Yield the channels before and behind of each group."""
        C, F = self.own
        for group in range(self.geometry.groups):
            yield slice(group * C, (group + 1) * C), slice(group * F, (group + 1) * F)

    def _transformed_tiles(self, x: Array) -> Array:
        """Transform x (N, H, W, C) to B' tile B of every 6 x 6 tile, (36, N tiles, C)."""
        height, width, C = 4 * self.down + 2, 4 * self.across + 2, x.shape[3]
        transformed = scratch("transformed tiles", (36, len(x) * self.tiles, C), x.dtype)
        for start, stop in block_starts(0, len(x), self.piece):
            images = padded(x[start:stop], self.geometry.window.pad, height, width)
            shape = (6, 6, stop - start, self.down, self.across, C)
            by_image, by_row, by_pixel, by_channel = images.strides
            tiles = scratch("tiles", shape, x.dtype)
            tiles[...] = as_strided(images, shape, (by_row, by_pixel, by_image, 4 * by_row, 4 * by_pixel, by_channel))
            matmul_columns(self.B_T, tiles.reshape(36, -1), self._of(transformed, start, stop))
        return transformed

    def _transform_back(self, products: Array, out: Array) -> None:
        """Transform products (36, N tiles, F) to A' product A of every tile, in its place in out (N, H', W', F)."""
        _, height, width, F = out.shape
        whole = (height, width) == (4 * self.down, 4 * self.across)
        for start, stop in block_starts(0, len(out), self.piece):
            N = stop - start
            tiles = scratch("tiles", (4, 4, N, self.down, self.across, F), out.dtype)
            matmul_columns(self.A_T, self._of(products, start, stop), tiles.reshape(16, -1))
            room = out[start:stop] if whole else scratch("padded", (N, 4 * self.down, 4 * self.across, F), out.dtype)
            room.reshape(N, self.down, 4, self.across, 4, F)[...] = tiles.transpose(2, 3, 0, 4, 1, 5)
            if not whole:
                out[start:stop] = room[:, :height, :width]

    def _transformed_douts(self, dout: Array) -> Array:
        """Transform dout (N, height, width, F) to A dout A' of every 4 x 4 tile, (36, N tiles, F)."""
        _, height, width, F = dout.shape
        whole = (height, width) == (4 * self.down, 4 * self.across)
        transformed = scratch("products", (36, len(dout) * self.tiles, F), dout.dtype)
        for start, stop in block_starts(0, len(dout), self.piece):
            N = stop - start
            images = dout[start:stop] if whole else padded(dout[start:stop], (0, 0), 4 * self.down, 4 * self.across)
            tiles = scratch("tiles", (4, 4, N, self.down, self.across, F), dout.dtype)
            tiles[...] = images.reshape(N, self.down, 4, self.across, 4, F).transpose(2, 4, 0, 1, 3, 5)
            matmul_columns(self.A_T.T, tiles.reshape(16, -1), self._of(transformed, start, stop))
        return transformed

    def _of(self, planes: Array, start: int, stop: int) -> Array:
        """View the tiles of images start to stop of (36, N tiles, C) as (36, tiles C)."""
        return planes[:, start * self.tiles : stop * self.tiles].reshape(36, -1)


@cache
def _transforms(itemsize: int) -> tuple[Array, Array, Array]:
    """Return B' x B', G x G and A' x A' in float32 or float64."""
    dtype = np.float32 if itemsize == 4 else np.float64
    by_tile, by_filter, by_output = (np.kron(m, m).astype(dtype) for m in (B_T, G, A_T))
    return by_tile, by_filter, by_output
