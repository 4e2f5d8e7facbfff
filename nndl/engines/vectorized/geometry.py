"""The sizes of a convolution, and what computes one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Protocol

import numpy as np

from nndl.conv2d_layers import Sides, both
from nndl.engines.shared.layout import Blocks
from nndl.engines.shared.threads import parallel_for, thread_count
from nndl.engines.shared.workspace import scratch, scratch_of_thread
from nndl.net.types import Array
from nndl.net.window import Window

Finish = Callable[[Array, int, int], None]
"""finish(block, start, stop): what is done with outputs start to stop while they are in the cache."""


@dataclass(frozen=True)
class Geometry:
    """x (N, H, W, C), w (HH, WW, C / groups, F) -> out (N, height, width, F)."""

    H: int
    W: int
    C: int
    F: int
    size: Sides
    stride: Sides
    pad: Sides
    itemsize: int = 4
    """Bytes of a number."""
    dilation: Sides = 1
    groups: int = 1
    outputs: tuple[int, int] | None = None
    """The outputs computed down and across, if not all that there are: the last ones may be left out, or zeros beyond
    the padding be read for more."""

    @cached_property
    def window(self) -> Window:
        return Window(both(self.size), both(self.stride), both(self.pad), both(self.dilation))

    @property
    def padded(self) -> tuple[int, int]:
        """Return the sides of a padded image, all that is read included."""
        (extent, stride), (down, across) = (self.window.extent, self.window.stride), (self.height - 1, self.width - 1)
        whole = self.H + 2 * self.window.pad[0], self.W + 2 * self.window.pad[1]
        return max(whole[0], down * stride[0] + extent[0]), max(whole[1], across * stride[1] + extent[1])

    @cached_property
    def height(self) -> int:
        return self._outputs(self.H, 0)

    @cached_property
    def width(self) -> int:
        return self._outputs(self.W, 1)

    def _outputs(self, side: int, way: int) -> int:
        if self.outputs:
            return self.outputs[way]
        return 1 + (side + 2 * self.window.pad[way] - self.window.extent[way]) // self.window.stride[way]

    def has_transposed(self) -> bool:
        """Tell whether dx is a convolution of dout with turned filters."""
        return self.window.stride == (1, 1) and all(np.less(self.window.pad, self.window.extent))

    def transposed(self) -> "Geometry":
        """Return the convolution of dout with turned filters that gives dx."""
        down, across = (e - 1 - p for e, p in zip(self.window.extent, self.window.pad, strict=True))
        turned = self.size, 1, (down, across), self.itemsize, self.dilation, self.groups
        return Geometry(self.height, self.width, self.F, self.C, *turned, outputs=(self.H, self.W))

    def places(self) -> Iterator[tuple[int, int, slice, slice]]:
        """Yield each place (i, j) of a filter, with the rows and columns of a padded image that it meets."""
        window = self.window
        for i, j in np.ndindex(window.size):
            top, left = i * window.dilation[0], j * window.dilation[1]
            rows = slice(top, top + (self.height - 1) * window.stride[0] + 1, window.stride[0])
            columns = slice(left, left + (self.width - 1) * window.stride[1] + 1, window.stride[1])
            yield i, j, rows, columns


def read_by_pooling(side: int, pool: int, pad: int) -> int:
    """Return how many of `side` outputs must be computed if a pooling by `pool` drops the rest behind its last window.

    As many are kept as it takes to read all of an image padded by `pad`: a NaN at its edge must not get lost.
    """
    return side - min(side % pool, pad)


class Convolution(Protocol):
    """One way to compute a convolution. Filters are w (HH, WW, C / groups, F), contiguous; images come in blocks."""

    def forward(self, images: Blocks, count: int, w: Array, target: Blocks, finish: Finish) -> None:
        """Write the outputs of images start to stop to target(start, stop), then call finish(block, start, stop)."""
        ...

    def weight_gradient(self, images: Blocks, douts: Blocks, count: int, dw: Array) -> None:
        """Write dw (HH, WW, C / groups, F); douts(start, stop) are the gradients of those outputs."""
        ...

    def input_gradient(self, douts: Blocks, count: int, w: Array, dx: Array) -> None:
        """Write dx (N, H, W, C)."""
        ...


def turned(w: Array, groups: int = 1) -> Array:
    """Turn filters (HH, WW, C / groups, F) by 180 degrees: (HH, WW, F / groups, C), which carry dout back."""
    height, width, own, F = w.shape
    by_group = w[::-1, ::-1].reshape(height, width, own, groups, F // groups)
    return by_group.transpose(0, 1, 4, 3, 2).reshape(height, width, F // groups, own * groups)


def ignore(block: Array, start: int, stop: int) -> None:
    """Do nothing more with a block."""


def block_starts(start: int, stop: int, size: int) -> list[tuple[int, int]]:
    """Cut start to stop into blocks of at most `size`."""
    return [(at, min(at + size, stop)) for at in range(start, stop, size)]


Product = Callable[[int, int, Array], object]
"""product(start, stop, out): write to out what images start to stop add to a sum over the batch."""


def sum_over_batch(count: int, block: int, shape: tuple[int, ...], dtype: Any, product: Product) -> Array:
    """Sum over `count` images, in blocks: each slice of the batch for itself, then the slices in their order."""
    parts: dict[int, Array] = {}
    callers = scratch_of_thread()  # the totals are read when their threads may compute for somebody else

    def work(first: int, last: int, thread: int) -> None:
        # One thread may be given two slices, one after the other: each has its own total.
        total = parts[thread] = callers.array(("total", thread), shape, dtype)
        for start, stop in block_starts(first, last, block):
            if start == first:
                product(start, stop, total)
            else:
                part = scratch("part", shape, dtype)
                product(start, stop, part)
                np.add(total, part, out=total)

    parallel_for(count, work)
    total, *others = (parts[thread] for thread in sorted(parts))
    for other in others:
        np.add(total, other, out=total)
    return total


Factors = Callable[[int, int], tuple[Array, Array]]
"""factors(start, stop): of images start to stop left (..., K, M) and right (..., K, N), in scratch of this thread."""

SMALL = 16_000_000
"""Bytes of totals that threads may have one each of; two threads always may."""

TOGETHER = 512
"""Rows of the factors that are multiplied together where there is one total: it is read and written once for them."""


def sum_of_products(count: int, block: int, rows: int, shape: tuple[int, ...], dtype: Any, factors: Factors) -> Array:
    """Sum left' @ right over `count` images, (..., M, N) of this shape; an image has `rows` rows (K) of the factors.

    No memory is taken that grows both with the weights and with the threads.
    """

    def product(start: int, stop: int, out: Array) -> None:
        left, right = factors(start, stop)
        np.matmul(left.swapaxes(-1, -2), right, out=out)

    if thread_count() <= 2 or thread_count() * prod(shape) * np.dtype(dtype).itemsize <= SMALL:
        return sum_over_batch(count, block, shape, dtype, product)
    return _sum_together(count, block, rows, shape, dtype, factors)


def _sum_together(count: int, block: int, rows: int, shape: tuple[int, ...], dtype: Any, factors: Factors) -> Array:
    """Have the threads first compute the factors of some images, and then each some rows of the one total."""
    *stack, M, N = shape
    total = scratch("total", shape, dtype)
    at_once = min(count, max(thread_count(), TOGETHER // rows))
    room = (scratch(name, (*stack, at_once * rows, side), dtype) for name, side in (("left", M), ("right", N)))
    lefts, rights = room
    for begin, end in block_starts(0, count, at_once):

        def compute(first: int, last: int, thread: int, begin: int = begin) -> None:  # noqa: ARG001
            for start, stop in block_starts(first, last, block):
                place = np.s_[..., start * rows : stop * rows, :]
                lefts[place], rights[place] = factors(begin + start, begin + stop)

        def multiply(first: int, last: int, thread: int, begin: int = begin, end: int = end) -> None:  # noqa: ARG001
            length = (end - begin) * rows
            for at in np.ndindex(*stack):
                left, right, own = lefts[at][:length, first:last].T, rights[at][:length], total[at][first:last]
                if begin == 0:
                    np.matmul(left, right, out=own)
                else:
                    np.add(own, np.matmul(left, right, out=scratch("part", own.shape, dtype)), out=own)

        parallel_for(end - begin, compute)
        parallel_for(M, multiply)
    return total
