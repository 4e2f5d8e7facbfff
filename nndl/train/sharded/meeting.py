"""Shards of a process side by side, so that each may learn from all others, on other ranks too, halfway through.

Each runs on a thread of its own, but only one at a time: they take turns where they meet.
"""

from collections.abc import Callable, Sequence
from contextvars import copy_context
from threading import Condition, Thread, local

import numpy as np

from nndl.net.types import Array
from nndl.train.sharded.cut import Cut
from nndl.train.sharded.ranks import Ranks


class Meeting:
    """A place where all shards of a batch, of all ranks, bring numbers and get those of all."""

    def __init__(self, cut: Cut, ranks: Ranks | None) -> None:
        self._cut, self._ranks = cut, ranks
        self._rank = ranks.rank if ranks else 0
        self._turn = Condition()
        self._here = local()
        self._images = 0
        self._brought: dict[int, Array] = {}
        self._found, self._round = np.empty(0), 0
        self._error: BaseException | None = None

    def hold(self, work: Sequence[Callable[[], None]], images: int) -> None:
        """Run what is to be done for each of this rank's shards of a batch; an error of one is raised here."""
        own = self._cut.own(self._rank, images)
        self._images, self._error = images, None
        self._brought.clear()
        threads = [
            Thread(target=copy_context().run, args=(self._run, shard, each))
            for shard, each in zip(own, work, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._error is not None:
            raise self._error

    def _run(self, shard: int, work: Callable[[], None]) -> None:
        self._here.shard = shard
        with self._turn:
            try:
                if self._error is None:
                    work()
            except BaseException as error:
                self._error = self._error or error
                self._turn.notify_all()

    def meet(self, values: Array) -> Array:
        """Bring this shard's values float64 (K,); returns those of all shards of the batch, (shards, K)."""
        own = self._cut.own(self._rank, self._images)
        self._brought[self._here.shard] = values
        if len(self._brought) == len(own):
            self._found = self._gather(np.stack([self._brought[shard] for shard in own]))
            self._brought.clear()
            self._round += 1
            self._turn.notify_all()
            return self._found
        before = self._round
        self._turn.wait_for(lambda: self._round > before or self._error is not None)
        if self._error is not None:
            raise self._error
        return self._found

    def _gather(self, own: Array) -> Array:
        if self._ranks is None:
            return own
        counts = [len(self._cut.own(rank, self._images)) for rank in range(self._ranks.size)]
        sent = np.zeros((max(counts), own.shape[1]))
        sent[: len(own)] = own
        found = self._ranks.collect(sent.reshape(-1)).reshape(len(counts), *sent.shape)
        return np.concatenate([each[:count] for each, count in zip(found, counts, strict=True)])
