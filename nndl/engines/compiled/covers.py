"""The tiles that Winograd's convolutions cover their outputs with: what it costs, and which size pays."""

USUAL, LARGE = 4, 6
"""Outputs along a side of the largest tiles of a cover."""

WORTH = 0.835
"""The share of the usual tiles' products below which large ones are quicker, as measured."""


def products(outputs: int, tile: int) -> int:
    """Return how many products an axis of so many outputs takes: a tile has two more than outputs."""
    return outputs + 2 * -(-outputs // tile)


def best_tile(height: int, width: int) -> int:
    """Return the size of tile to cover `height` x `width` outputs with, the same whatever the number of images."""
    large, usual = (products(height, tile) * products(width, tile) for tile in (LARGE, USUAL))
    return LARGE if large < WORTH * usual else USUAL
