"""Ranks that are threads of one process: what several do, without an MPI."""

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Any

import numpy as np

from nndl.net.types import Array


class Room:
    """A place for the threads to leave what the others fetch."""

    def __init__(self, size: int) -> None:
        self.barrier = Barrier(size, timeout=60)
        self.left: list[Any] = [None] * size


class ThreadRanks:
    """One of them."""

    def __init__(self, room: Room, rank: int) -> None:
        self.room, self.rank, self.size = room, rank, len(room.left)

    def everyone(self, value: Any) -> list[Any]:
        self.room.left[self.rank] = value
        self.room.barrier.wait()
        found = list(self.room.left)
        self.room.barrier.wait()
        return found

    def exchange(self, sent: Array, sends: Sequence[int], received: Array, receives: Sequence[int]) -> "Done":
        assert (sent.size, received.size) == (sum(sends), sum(receives))
        told = self.everyone((sent.copy(), list(sends)))
        pieces = [each[sum(counts[: self.rank]) : sum(counts[: self.rank + 1])] for each, counts in told]
        assert [piece.size for piece in pieces] == list(receives)
        received[:] = np.concatenate(pieces)
        return Done()

    def share(self, own: Array, all_of_it: Array, counts: Sequence[int]) -> None:
        told = self.everyone(own.copy())
        assert [each.size for each in told] == list(counts)
        all_of_it[:] = np.concatenate(told)

    def collect(self, values: Array) -> Array:
        return np.stack(self.everyone(values.copy()))

    def progress(self) -> None:
        pass


class Done:
    def wait(self) -> None:
        pass


def on_threads(size: int, work: Callable[[ThreadRanks], Any]) -> list[Any]:
    """Return what `work` gives on each of so many ranks; an error of one is raised here."""
    room, results, errors = Room(size), [None] * size, []

    def run(rank: int) -> None:
        try:
            results[rank] = work(ThreadRanks(room, rank))
        except BaseException as error:
            errors.append(error)
            room.barrier.abort()

    threads = [Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
