"""The owners of a vector's numbers, who add them up and update them, and the pieces in which they travel."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from nndl.net.params import Params

BUCKET = 1 << 18
"""Numbers that travel together, at least: fewer would cost more in latency than they gain in overlap."""
LINE = 16
"""Numbers in a cache line: two ranks do not own parts of one."""


@dataclass(frozen=True)
class Bucket:
    """A piece of the vector that travels at once."""

    place: slice
    owners: tuple[tuple[slice, ...], ...]
    """For each rank what it owns, as slices of the whole vector."""

    def sizes(self) -> list[int]:
        """Return how many numbers each rank owns."""
        return [sum(each.stop - each.start for each in own) for own in self.owners]


def buckets(params: Params, ranks: int, whole: Collection[str] = ()) -> list[Bucket]:
    """Cut the vector of `params` into buckets, those of the last layers first, as a backward pass gives them.

    Each rank owns as much of every bucket, unless some parameters are updated as a whole, by one rank: then all are.
    """
    places = list(_places(params))[::-1]
    if not whole:
        return [Bucket(place, tuple(_even(place, ranks))) for place in places]
    owner = _owners(params, ranks, whole)
    return [
        Bucket(place, tuple(tuple(_owned(params, place, owner, rank)) for rank in range(ranks))) for place in places
    ]


def _places(params: Params) -> Iterator[slice]:
    """Yield slices that cover the vector, of BUCKET numbers or more; each begins with a parameter."""
    start = 0
    for place in params.slices.values():
        if place.start - start >= BUCKET:
            yield slice(start, place.start)
            start = place.start
    yield slice(start, params.vector.size)


def _even(place: slice, ranks: int) -> Iterator[tuple[slice, ...]]:
    lines = -(-(place.stop - place.start) // LINE)
    edges = [min(place.start + lines * rank // ranks * LINE, place.stop) for rank in range(ranks + 1)]
    for start, stop in pairwise(edges):
        yield (slice(start, stop),) if start < stop else ()


def _owners(params: Params, ranks: int, whole: Collection[str]) -> dict[str, int]:
    """Give the dearest parameters away first, each to the rank that has least to do."""

    def cost(name: str) -> int:
        filters, *rest = params[name].shape
        return params[name].size * (min(filters, prod(rest)) if name in whole else 1)

    load, owner = [0] * ranks, {}
    for name in sorted(params, key=lambda name: (-cost(name), name)):
        owner[name] = load.index(min(load))
        load[owner[name]] += cost(name)
    return owner


def _owned(params: Params, place: slice, owner: dict[str, int], rank: int) -> Iterator[slice]:
    for name, own in params.slices.items():
        if owner[name] == rank and place.start <= own.start < place.stop:
            yield own


def owned(cut: Sequence[Bucket], rank: int) -> tuple[slice, ...]:
    """Return all that a rank owns."""
    return tuple(each for bucket in cut for each in bucket.owners[rank])
