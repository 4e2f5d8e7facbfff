"""Adding a vector up over all ranks: each sends the others the sums it has of what they own, and adds up its own."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nndl.net.types import Array
from nndl.train.sharded.cut import Cut, Node, add_up
from nndl.train.sharded.owners import Bucket
from nndl.train.sharded.ranks import Pending, Ranks


class _UnderWay(NamedTuple):
    bucket: Bucket
    received: Array
    pending: Pending


class Reduction:
    """One vector, summed over ranks bucket by bucket while its last parts are still computed.

    A rank that holds whole nodes of the tree sends one vector for each of them; where the ranks divide the shards, that
    is one. What arrives is added along the tree, so that the bits do not depend on the number of ranks.
    """

    def __init__(self, ranks: Ranks, cut: Cut, vector: Array, buckets: Sequence[Bucket]) -> None:
        self._ranks, self._cut, self._vector = ranks, cut, vector
        self.buckets = buckets
        self._under_way: list[_UnderWay] = []
        self._rooms: dict[tuple[str, int], Array] = {}

    def send(self, sums: Sequence[Array], images: int) -> None:
        """Send the next bucket of this rank's sums, in the order of its nodes."""
        at = len(self._under_way)
        bucket, rank = self.buckets[at], self._ranks.rank
        sizes = bucket.sizes()
        sends = [len(sums) * size for size in sizes]
        receives = [len(self._cut.nodes(each, images)) * sizes[rank] for each in range(self._ranks.size)]
        sent, received = self._room("sent", at, sum(sends)), self._room("received", at, sum(receives))
        pieces = [each[place] for own in bucket.owners for each in sums for place in own]
        if pieces:
            np.concatenate(pieces, out=sent)
        pending = self._ranks.exchange(sent, sends, received, receives)
        self._under_way.append(_UnderWay(bucket, received, pending))

    def receive(self, images: int) -> None:
        """Wait for all buckets; what this rank owns of the vector is then the sum over all shards."""
        nodes = [node for rank in range(self._ranks.size) for node in self._cut.nodes(rank, images)]
        for bucket, received, pending in self._under_way:
            pending.wait()
            if received.size:
                self._put(bucket, add_up(_parts(received, nodes), _add, (0, self._cut.count(images))))
        self._under_way.clear()

    def _put(self, bucket: Bucket, total: Array) -> None:
        start = 0
        for place in bucket.owners[self._ranks.rank]:
            size = place.stop - place.start
            self._vector[place] = total[start : start + size]
            start += size

    def _room(self, which: str, bucket: int, size: int) -> Array:
        """Return memory that is kept from step to step."""
        room = self._rooms.get((which, bucket))
        if room is None or room.size < size:
            room = self._rooms[which, bucket] = np.empty(size, self._vector.dtype)
        return room[:size]


def _parts(received: Array, nodes: Sequence[Node]) -> dict[Node, Any]:
    return dict(zip(nodes, received.reshape(len(nodes), -1), strict=True))


def _add(left: Array, right: Array) -> Array:
    left += right
    return left
