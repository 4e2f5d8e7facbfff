"""The tiles that Winograd's convolutions cover their outputs with: what they cost, and which are the cheapest.

The prices are fitted to timings; docs/kernels.md, "Covers", has the hits and misses.
"""

from typing import NamedTuple

USUAL, LARGE = 4, 6
"""Outputs along a side of the largest tiles of a cover."""

MANY_CHANNELS = 256
PRICES = {5: 1.12, 6: 1.2}
PRICE_OF_MANY = 1.05
"""The cost of a product in tiles of so many outputs a side, beside one in tiles of up to 4, whose transforms stay in
registers; and in any such tile where there are many channels, among which transforms are shared out."""

EDGE_PRICE = 1.5
"""The cost of a product of the last row and column, apart from tiles."""


class Cover(NamedTuple):
    """A cover of an image: the most outputs along a side of a tile, and the edge (0 or 1) that tiles leave out."""

    tile: int
    edge: int = 0


def products(outputs: int, tile: int) -> int:
    """Return how many products an axis of so many outputs takes: a tile has two more than outputs."""
    return outputs + 2 * -(-outputs // tile)


def cost(height: int, width: int, channels: int, cover: Cover) -> float:
    """Return what `height` x `width` outputs cost, in products of the usual tiles for a channel and filter."""
    tile, edge = cover
    inside = height - edge, width - edge
    largest = max(-(-side // -(-side // tile)) for side in inside)
    price = 1.0 if largest <= USUAL else PRICE_OF_MANY if channels >= MANY_CHANNELS else PRICES[largest]
    beside = 3 * (height + width - 1) if edge else 0
    return price * products(inside[0], tile) * products(inside[1], tile) + EDGE_PRICE * beside


def best_cover(height: int, width: int, channels: int, edge: bool = False) -> Cover:
    """Return the cheapest cover of `height` x `width` outputs, the same whatever the number of images.

    channels: the lesser number before and behind. edge: whether the last row and column may be left to edge.c.
    """
    covers = [Cover(USUAL), Cover(LARGE), *([Cover(LARGE, 1)] if edge and min(height, width) > 1 else [])]
    return min(covers, key=lambda cover: cost(height, width, channels, cover))
