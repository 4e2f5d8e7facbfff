"""The place of a generator in its stream: what it would draw next can be drawn elsewhere, and skipped here.

A network's dropout draws from NumPy's Philox, which counts: a counter makes four words at once, each of them a double.
"""

from copy import deepcopy
from typing import NamedTuple

import numpy as np

from nndl.net.types import Array

WORDS = 4
"""Words that a counter makes."""


class Place(NamedTuple):
    """The next word of a Philox generator."""

    counter: Array
    """Of the block that was made last, (4,) uint64."""
    key: Array
    """(2,) uint64."""
    word: int
    """The next word, counted from the first of that block."""


def place_of(random: np.random.Generator) -> Place:
    """Return where a Philox generator is."""
    state = random.bit_generator.state
    return Place(state["state"]["counter"], state["state"]["key"], int(state["buffer_pos"]))


def skip(random: np.random.Generator, count: int) -> None:
    """Bring a Philox generator behind the next `count` doubles, as if they had been drawn."""
    philox = random.bit_generator
    assert isinstance(philox, np.random.Philox)
    blocks, rest = divmod(place_of(random).word + count, WORDS)
    philox.advance(blocks - 1)  # the block behind its counter is what it makes next
    random.random(rest)


def from_here(random: np.random.Generator, count: int) -> np.random.Generator:
    """Return another generator: where this Philox will be behind its next `count` doubles."""
    copy = deepcopy(random)
    skip(copy, count)
    return copy
