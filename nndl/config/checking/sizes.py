"""The check that a network can be held in memory, before any of its arrays is made."""

import os
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from nndl.errors import Where
from nndl.net.catalog.block import Block
from nndl.net.layer import Layer
from nndl.net.shapes import Placed

LARGEST_OPTION = 100_000
"""More filters, features or pixels of padding than images of 32 x 32 have a use for."""
SIDES = ("kernel", "size", "stride", "pad", "dilation")
"""Options that may be two numbers."""
ASSUMED_MEMORY = 16 << 30
"""Bytes, where the system does not say."""


def installed_memory() -> int:
    """Return the bytes of memory that this machine has."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return ASSUMED_MEMORY


def oversized(layers: Sequence[Layer], where: Where = ()) -> Iterator[tuple[Where, str, int]]:
    """Yield (position, option, value) of the whole numbers that are beyond reason."""
    for index, layer in enumerate(layers):
        for option, given in vars(layer).items():
            value = max(given) if option in SIDES and isinstance(given, tuple) else given
            if isinstance(value, int) and value > LARGEST_OPTION:
                yield (*where, index), option, value
        for branch in layer.branches_of() if isinstance(layer, Block) else ():
            yield from oversized(branch.layers, branch.inside((*where, index)))


def weights(placed: Placed) -> int:
    """Count the numbers in a layer's weights: each is used once for every place of the output."""
    macs: Any = placed.layer.macs(placed.in_shape)
    is_count = isinstance(macs, int)  # what else a layer of one's own says is told when it is tried
    return macs // prod(placed.out_shape[1:]) if is_count else 0


def memory_for_weights(placed: Placed, bytes_per_number: int, copies: int) -> int:
    """Count the bytes that weights take at the least: their values, their gradients and what the optimizer keeps."""
    return weights(placed) * bytes_per_number * copies


def memory_for_batch(placed: Placed, bytes_per_number: int, batch_size: int) -> int:
    """Count the bytes that a batch of a layer's outputs takes at the least, with their gradients."""
    return 2 * prod(placed.out_shape) * bytes_per_number * batch_size


def in_words(count: float) -> str:
    """Write bytes in the unit that suits: 37.3 TiB."""
    units = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
    power = max(1, min(len(units), (max(int(count), 1).bit_length() - 1) // 10))
    return f"{count / 1024**power:,.1f} {units[power - 1]}"
