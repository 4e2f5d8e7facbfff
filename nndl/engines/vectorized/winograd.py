"""Winograd's convolution F(m x m, 3 x 3): for m = 4, 36 multiplications for 16 outputs of a 3 x 3 filter, not 144.

Lavin and Gray 2015, "Fast algorithms for convolutional neural networks". A tile is m + 2 pixels a side and gives m:

    out = A' [ (B' tile B) * (G w G') ] A      (' transposes, * is element by element)

Summed over channels, the middle is a matrix product for each of the (m + 2)^2 places, (tiles, C) @ (C, F). dw is the
adjoint: dw = G' [ sum over tiles (B' tile B) * (A dout A') ] G. The transforms are matrix products too, one along each
axis of many tiles at once.

The numbers in the transforms cost accuracy: in float32 results are within 2e-5 of the largest (plain sums: 1e-6).
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nndl.engines.shared.layout import Blocks, padded, slices
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.toom_cook import SIZES, transforms
from nndl.engines.shared.workspace import scratch, scratch_of_thread
from nndl.engines.vectorized.geometry import Finish, Geometry, block_starts, ignore, sum_of_products, turned
from nndl.engines.vectorized.products import SMALL, matmul_columns, matmul_rows
from nndl.net.types import Array

CACHE = 3_000_000
"""Bytes of transformed tiles in a block, before and after the product."""

PIECE = 2_000_000
"""Bytes of tiles that are transformed at a time."""

ENOUGH = 128
"""Tiles in a block where channels are many: each block goes through all filters, which then do not fit the cache."""


def products_of(height: int, width: int, size: int) -> int:
    """Return how many products outputs take for a channel and filter: a tile has two more a side than outputs."""
    return (size + 2) ** 2 * -(-height // size) * -(-width // size)


def best_size(height: int, width: int) -> int:
    """Return the size of tiles that takes the fewest products; of several the smallest, whose transforms err least."""
    return min(SIZES, key=lambda size: products_of(height, width, size))


class Winograd:
    """3 x 3 filters at stride 1, any pad up to 2 and any groups."""

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = g = geometry
        self.size = best_size(g.height, g.width)
        self.side = self.size + 2
        self.down, self.across = -(-g.height // self.size), -(-g.width // self.size)
        self.tiles = self.down * self.across
        self.whole = (g.height, g.width) == (self.size * self.down, self.size * self.across)
        of_image = self.side**2 * self.tiles * g.itemsize
        self.own = g.C // g.groups, g.F // g.groups
        many = self.own[0] * self.own[1] * 24 > SMALL
        self.block = max(1, CACHE // (of_image * (g.C + g.F)), ENOUGH // self.tiles if many else 1)
        self.piece = max(1, PIECE // (of_image * max(g.C, g.F)))
        self.B_T, self.G, self.A_T = _transforms(self.size, g.itemsize)

    def forward(self, images: Blocks, count: int, w: Array, target: Blocks, finish: Finish) -> None:
        """Transform tiles, multiply, transform back."""
        g = self.geometry
        filters = self._transformed_filters(w)

        def work(first: int, last: int, thread: int) -> None:  # noqa: ARG001
            for start, stop in block_starts(first, last, self.block):
                tiles = self._transformed_tiles(images(start, stop))
                products = scratch("products", (len(tiles), tiles.shape[1], g.F), w.dtype)
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
            tiles = self._transformed_tiles(images(start, stop))
            transformed = self._transformed_douts(douts(start, stop))
            by_group = tiles.reshape(*tiles.shape[:2], groups, C), transformed.reshape(*tiles.shape[:2], groups, F)
            return by_group[0].swapaxes(1, 2), by_group[1].swapaxes(1, 2)

        total = sum_of_products(count, self.block, self.tiles, (self.side**2, groups, C, F), dw.dtype, factors)
        planes = total.swapaxes(1, 2).reshape(self.side**2, -1)

        def back(first: int, last: int, thread: int) -> None:  # noqa: ARG001
            matmul_columns(self.G.T, planes[:, first:last], dw.reshape(9, -1)[:, first:last])

        parallel_for(planes.shape[1], back)

    def input_gradient(self, douts: Blocks, count: int, w: Array, dx: Array) -> None:
        """Compute dx: the convolution of dout with the turned filters."""
        Winograd(self.geometry.transposed()).forward(douts, count, turned(w, self.geometry.groups), slices(dx), ignore)

    def _groups(self) -> Iterator[tuple[slice, slice]]:
        """Yield the channels before and behind of each group."""
        C, F = self.own
        for group in range(self.geometry.groups):
            yield slice(group * C, (group + 1) * C), slice(group * F, (group + 1) * F)

    def _transformed_filters(self, w: Array) -> Array:
        """Transform w (3, 3, C / groups, F) to G w G', (places, C / groups, F): in the asking thread's scratch."""
        filters = scratch_of_thread().array("filters", (self.side**2, *w.shape[2:]), w.dtype)

        def work(first: int, last: int, thread: int) -> None:  # noqa: ARG001
            planes = filters[:, first:last].reshape(self.side**2, -1)
            matmul_columns(self.G, w[:, :, first:last].reshape(9, -1), planes)  # turned filters are copied here

        parallel_for(w.shape[2], work)
        return filters

    def _transformed_tiles(self, x: Array) -> Array:
        """Transform x (N, H, W, C) to B' tile B of every tile, (places, N tiles, C)."""
        size, side, C = self.size, self.side, x.shape[3]
        transformed = scratch("transformed tiles", (side**2, len(x) * self.tiles, C), x.dtype)
        for start, stop in block_starts(0, len(x), self.piece):
            pad = self.geometry.window.pad
            images = padded(x[start:stop], pad, size * self.down + 2, size * self.across + 2)
            shape = (side, side, stop - start, self.down, self.across, C)
            by_image, by_row, by_pixel, by_channel = images.strides
            strides = by_row, by_pixel, by_image, size * by_row, size * by_pixel, by_channel
            tiles = scratch("tiles", shape, x.dtype)
            tiles[...] = as_strided(images, shape, strides)
            self._transform(self.B_T, tiles, self._of(transformed, start, stop))
        return transformed

    def _transformed_douts(self, dout: Array) -> Array:
        """Transform dout (N, height, width, F) to A dout A' of every tile, (places, N tiles, F)."""
        size, F = self.size, dout.shape[3]
        transformed = scratch("products", (self.side**2, len(dout) * self.tiles, F), dout.dtype)
        for start, stop in block_starts(0, len(dout), self.piece):
            N, images = stop - start, dout[start:stop]
            if not self.whole:
                images = padded(images, (0, 0), size * self.down, size * self.across)
            tiles = scratch("tiles", (size, size, N, self.down, self.across, F), dout.dtype)
            tiles[...] = images.reshape(N, self.down, size, self.across, size, F).transpose(2, 4, 0, 1, 3, 5)
            self._transform(self.A_T.T, tiles, self._of(transformed, start, stop))
        return transformed

    def _transform_back(self, products: Array, out: Array) -> None:
        """Transform products (places, N tiles, F) to A' product A of every tile, in its place in out (N, H', W', F)."""
        size, (_, height, width, F) = self.size, out.shape
        for start, stop in block_starts(0, len(out), self.piece):
            N, given = stop - start, self._of(products, start, stop)
            half = scratch("half", (self.side, size, given.shape[2]), out.dtype)
            tiles = scratch("tiles", (size, size, N, self.down, self.across, F), out.dtype)
            np.matmul(self.A_T, given, out=half)
            matmul_columns(self.A_T, half.reshape(self.side, -1), tiles.reshape(size, -1))
            shape = N, size * self.down, size * self.across, F
            room = out[start:stop] if self.whole else scratch("padded", shape, out.dtype)
            room.reshape(N, self.down, size, self.across, size, F)[...] = tiles.transpose(2, 3, 0, 4, 1, 5)
            if not self.whole:
                out[start:stop] = room[:, :height, :width]

    @staticmethod
    def _transform(matrix: Array, tiles: Array, out: Array) -> None:
        """Multiply tiles (K, K, ...) by matrix (M, K) along both axes: (M, M, numbers of a place)."""
        M, K = matrix.shape
        half = scratch("half", (M, K, out.shape[2]), tiles.dtype)
        matmul_columns(matrix, tiles.reshape(K, -1), half.reshape(M, -1))
        np.matmul(matrix, half, out=out)

    def _of(self, planes: Array, start: int, stop: int) -> Array:
        """View the tiles of images start to stop of (places, N tiles, C) as (side, side, tiles C)."""
        side, numbers = self.side, planes.shape[1] * planes.shape[2]
        of_image = self.tiles * planes.shape[2]
        return planes.reshape(side, side, numbers)[:, :, start * of_image : stop * of_image]


@cache
def _transforms(size: int, itemsize: int) -> tuple[Array, Array, Array]:
    """Return B', G x G (Kronecker's product, for both axes at once) and A' in float32 or float64."""
    B_T, G, A_T = transforms(size)
    dtype = np.float32 if itemsize == 4 else np.float64
    return B_T.astype(dtype), np.kron(G, G).astype(dtype), A_T.astype(dtype)
