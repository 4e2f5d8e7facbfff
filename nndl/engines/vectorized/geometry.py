"""The sizes of a convolution, and what computes one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from nndl.engines.shared.layout import Blocks
from nndl.engines.shared.threads import parallel_for
from nndl.engines.shared.workspace import scratch, scratch_of_thread
from nndl.net.types import Array

Finish = Callable[[Array, int, int], None]
"""finish(block, start, stop): what is done with outputs start to stop while they are in the cache."""


@dataclass(frozen=True)
class Geometry:
    """x (N, H, W, C), w (size, size, C, F) -> out (N, height, width, F)."""

    H: int
    W: int
    C: int
    F: int
    size: int
    stride: int
    pad: int
    itemsize: int = 4
    """Bytes of a number."""

    @property
    def height(self) -> int:
        return 1 + (self.H + 2 * self.pad - self.size) // self.stride

    @property
    def width(self) -> int:
        return 1 + (self.W + 2 * self.pad - self.size) // self.stride

    def transposed(self) -> "Geometry":
        """Return the convolution of dout with turned filters that gives dx; for stride 1 and pad < size."""
        pad = self.size - 1 - self.pad
        return Geometry(self.height, self.width, self.F, self.C, self.size, 1, pad, self.itemsize)


class Convolution(Protocol):
    """One way to compute a convolution. Filters are w (size, size, C, F), contiguous; images come in blocks."""

    def forward(self, images: Blocks, count: int, w: Array, target: Blocks, finish: Finish) -> None:
        """Write the outputs of images start to stop to target(start, stop), then call finish(block, start, stop)."""
        ...

    def weight_gradient(self, images: Blocks, douts: Blocks, count: int, dw: Array) -> None:
        """Write dw (size, size, C, F); douts(start, stop) are the gradients of those outputs."""
        ...

    def input_gradient(self, douts: Blocks, count: int, w: Array, dx: Array) -> None:
        """Write dx (N, H, W, C)."""
        ...


def turned(w: Array) -> Array:
    """Turn filters (size, size, C, F) by 180 degrees: (size, size, F, C), which carry dout back."""
    return w[::-1, ::-1].transpose(0, 1, 3, 2).copy()


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
