"""Sharing the update: each rank updates what it owns, and then all of them have all of it."""

from collections.abc import Sequence

import numpy as np

from nndl.net.types import Array
from nndl.train.sharded.owners import Bucket, owned
from nndl.train.sharded.ranks import Ranks


class Sharing:
    """The part of a shared update that one process does: alone, all of it."""

    own: Sequence[slice] = (slice(None),)
    """Places of the parameters' vector that it updates."""
    gathers_gradients = False
    """True where all ranks are to have the whole gradient."""

    def complete(self, vector: Array) -> None:
        """Have all of a vector that is laid out as the parameters, of which each rank has what it owns."""

    def complete_buffers(self, vector: Array) -> None:
        """Have all of the running statistics."""

    def total(self, value: float) -> float:
        """Return the sum over the ranks."""
        return value


class SharedAmong(Sharing):
    """The part of one of several ranks."""

    def __init__(
        self, ranks: Ranks, params: Sequence[Bucket], buffers: Sequence[Bucket], gathers_gradients: bool = False
    ) -> None:
        self._ranks, self._params, self._buffers = ranks, params, buffers
        self.own = owned(params, ranks.rank)
        self.gathers_gradients = gathers_gradients

    def complete(self, vector: Array) -> None:
        self._complete(vector, self._params)

    def complete_buffers(self, vector: Array) -> None:
        self._complete(vector, self._buffers)

    def _complete(self, vector: Array, buckets: Sequence[Bucket]) -> None:
        places = [owned(buckets, rank) for rank in range(self._ranks.size)]
        counts = [sum(each.stop - each.start for each in own) for own in places]
        if not sum(counts):
            return
        mine = [vector[place] for place in places[self._ranks.rank]]
        everything = np.empty(sum(counts), vector.dtype)
        self._ranks.share(np.concatenate(mine) if mine else vector[:0], everything, counts)
        start = 0
        for place in (each for own in places for each in own):
            vector[place] = everything[start : start + place.stop - place.start]
            start += place.stop - place.start

    def total(self, value: float) -> float:
        return float(self._ranks.collect(np.array([value])).sum())
