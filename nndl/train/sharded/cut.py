"""A batch cut into shards, who computes which, and the binary tree along which what they give is added.

The tree over shards 0..n - 1 halves them again and again, (start + stop) // 2 being the middle. It depends on n alone,
so whoever adds along it gets the same bits, however many processes computed the shards.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

Node = tuple[int, int]
"""The shards start..stop - 1 that a node of the tree stands for."""

T = TypeVar("T")


@dataclass(frozen=True)
class Cut:
    """Batches of `batch_size` images, or less, in shards of equal size, computed by so many processes (ranks)."""

    batch_size: int
    shards: int
    ranks: int = 1

    @property
    def size(self) -> int:
        """Images of a shard: the last of a batch may have less, as the last ghost of a ghost batch norm."""
        return ceil(self.batch_size / self.shards)

    def count(self, images: int) -> int:
        """Count the shards of a batch of so many images."""
        return ceil(images / self.size)

    def place(self, shard: int, images: int) -> slice:
        """Return where the shard lies in a batch of so many images."""
        return slice(shard * self.size, min((shard + 1) * self.size, images))

    def own(self, rank: int, images: int) -> range:
        """Return the shards that a rank computes: neighbours, as many as the others have, or one more."""
        count = self.count(images)
        return range(count * rank // self.ranks, count * (rank + 1) // self.ranks)

    def part(self, rank: int, images: int) -> slice:
        """Return where a rank's images lie in a batch."""
        own = self.own(rank, images)
        return slice(min(own.start * self.size, images), min(own.stop * self.size, images))

    def nodes(self, rank: int, images: int) -> list[Node]:
        """Return the largest nodes of the tree whose shards are all a rank's, in order: what it adds up by itself."""
        own = self.own(rank, images)
        return list(_inside(0, self.count(images), own.start, own.stop))

    def merges(self, shard: int, rank: int, images: int) -> int:
        """Count the sums of two nodes that a rank can make once it has this shard and all before it."""
        own = self.own(rank, images)
        return sum(
            own.start <= start < stop - 1 and stop == shard + 1 for start, stop in _above(shard, 0, self.count(images))
        )


def _inside(start: int, stop: int, first: int, end: int) -> Iterator[Node]:
    if first <= start and stop <= end:
        if start < stop:
            yield start, stop
    elif start < end and first < stop:
        middle = (start + stop) // 2
        yield from _inside(start, middle, first, end)
        yield from _inside(middle, stop, first, end)


def _above(shard: int, start: int, stop: int) -> Iterator[Node]:
    """Yield the nodes that hold a shard, from the root down."""
    yield start, stop
    if stop - start > 1:
        middle = (start + stop) // 2
        yield from _above(shard, start, middle) if shard < middle else _above(shard, middle, stop)


def add_up(parts: Mapping[Node, T], add: Callable[[T, T], T], node: Node) -> T:
    """Add what the nodes in `parts` gave, which cover `node`, along the tree; add(left, right) may reuse left."""
    if node in parts:
        return parts[node]
    start, stop = node
    middle = (start + stop) // 2
    return add(add_up(parts, add, (start, middle)), add_up(parts, add, (middle, stop)))
