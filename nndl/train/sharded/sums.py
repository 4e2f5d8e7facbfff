"""The sums of one process: each shard's vector is added to those before it as far as the tree allows."""

from typing import Any

import numpy as np

from nndl.net.contract import Share, in_one_piece
from nndl.net.types import Array
from nndl.train.transforms import CHUNK


class Sums:
    """A stack of sums over neighbouring nodes of the tree; the last shard's stay in the vector that it came in."""

    def __init__(self, size: int, dtype: np.dtype[Any], share: Share = in_one_piece) -> None:
        self._size, self._dtype, self._share = size, dtype, share
        self._kept: list[Array] = []
        self._height = 0

    @property
    def done(self) -> list[Array]:
        """The sums so far, in order, without that of the last shard."""
        return self._kept[: self._height]

    def begin(self) -> None:
        """Begin a new batch."""
        self._height = 0

    def take(self, vector: Array, merges: int) -> None:
        """Add a shard's vector (D,) to `merges` of the sums before it, or keep a copy of it where there is none."""
        if merges:
            self._add(self._kept[self._height - 1], vector)
        else:
            if self._height == len(self._kept):
                self._kept.append(np.empty(self._size, self._dtype))
            self._copy(vector, self._kept[self._height])
            self._height += 1
        for _ in range(merges - 1):
            self._height -= 1
            self._add(self._kept[self._height - 1], self._kept[self._height])

    def finish(self, vector: Array, merges: int, place: slice = slice(None)) -> None:
        """Add to the last shard's vector, in one place of it, the sums that it completes."""
        for depth in range(merges):
            self._add(vector[place], self._kept[self._height - 1 - depth][place])

    def end(self, merges: int) -> None:
        """Forget the sums that went into the last shard's vector."""
        self._height -= merges

    def _add(self, to: Array, other: Array) -> None:
        def add(start: int, stop: int, thread: int) -> None:
            del thread
            to[start * CHUNK : stop * CHUNK] += other[start * CHUNK : stop * CHUNK]

        self._in_chunks(to.size, add)

    def _copy(self, vector: Array, to: Array) -> None:
        def copy(start: int, stop: int, thread: int) -> None:
            del thread
            to[start * CHUNK : stop * CHUNK] = vector[start * CHUNK : stop * CHUNK]

        self._in_chunks(to.size, copy)

    def _in_chunks(self, size: int, work: Any) -> None:
        chunks = -(-size // CHUNK)
        (self._share if chunks > 2 else in_one_piece)(chunks, work)
