"""The sizes of a convolution, and what computes one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from nndl.engines.vectorized.layout import Blocks
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
        """The convolution of dout with turned filters that gives dx; for stride 1 and pad < size."""
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
    """(size, size, C, F) -> the filters (size, size, F, C) that carry dout back: turned by 180 degrees."""
    return w[::-1, ::-1].transpose(0, 1, 3, 2).copy()


def ignore(block: Array, start: int, stop: int) -> None:
    """Nothing is left to do with a block."""


def block_starts(start: int, stop: int, size: int) -> list[tuple[int, int]]:
    """start to stop in blocks of at most `size`."""
    return [(at, min(at + size, stop)) for at in range(start, stop, size)]


def sum_in_order(parts: list[Array | None]) -> Array:
    """The sum of what each thread found (None: it had nothing to do), in their order; in the memory of the first."""
    found = [part for part in parts if part is not None]
    for part in found[1:]:
        found[0] += part
    return found[0]
