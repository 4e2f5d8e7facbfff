"""The parts of a solver on rank 0, which leads: each tells the other ranks to do theirs (`follow`), then does its own.

The solver knows none of it: a learner, batches, a loss and evaluators are handed to it that look like those of one
process.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from nndl.data.batches import Batches
from nndl.jobs.parallel.mpi import MpiRanks
from nndl.jobs.parallel.scoring import score_round
from nndl.jobs.parallel.words import Word
from nndl.net.network import Network
from nndl.net.params import Params
from nndl.net.types import Array
from nndl.train.evaluate import EvaluationStoppedError, Evaluator, Result, result_of
from nndl.train.learner import Learner
from nndl.train.sharded.loss import RanksLoss


class LedLearner(Learner):
    """A learner whose updates all ranks share."""

    def __init__(self, *arguments: Any, ranks: MpiRanks, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._ranks = ranks
        self._synced = False

    def sync(self) -> None:
        """Give the others this rank's state, once, before the first step."""
        if not self._synced:
            with self._ranks.word(Word.SYNC, self.updater.t, *self._network.trained_at[1:]):
                for vector in state_of(self._network, self.remembered()):
                    self._ranks.broadcast(vector)
            self._synced = True

    def freeze(self, epoch: float, epochs: float = math.inf) -> None:
        self.sync()
        with self._ranks.word(Word.FREEZE, epoch, epochs):
            super().freeze(epoch, epochs)

    def update(self, gradients: Params, multiplier: float, step: int, steps: int) -> float:
        with self._ranks.word(Word.UPDATE, multiplier, step, steps):
            return super().update(gradients, multiplier, step, steps)

    def stores(self) -> dict[str, Params]:
        """Return the memory carried from step to step; before the first step this rank has it all."""
        if not self._synced:
            return self.remembered()
        with self._ranks.word(Word.STORES):
            return super().stores()


def state_of(network: Network, stores: dict[str, Params]) -> list[Array]:
    """List the vectors of all that the rest of training depends on."""
    return [each.vector for each in (network.params, network.buffers, *stores.values())]


class LedBatches:
    """This rank's part of each batch, while the others make theirs."""

    def __init__(self, ranks: MpiRanks, batches: Batches) -> None:
        self._ranks, self._batches = ranks, batches

    @property
    def batches_per_epoch(self) -> int:
        return self._batches.batches_per_epoch

    def epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[Array, Array]]:
        with self._ranks.word(Word.BEGIN, epoch, start):
            return self._batches.epoch(epoch, start)


class LedLoss:
    """The loss of a batch that all ranks compute."""

    def __init__(self, ranks: MpiRanks, shared: RanksLoss) -> None:
        self._ranks, self._shared = ranks, shared

    def loss(self, X: Array, y: Array) -> tuple[float, Params]:
        with self._ranks.word(Word.LOSS, self._shared.network.step):
            return self._shared.loss(X, y)


@dataclass(frozen=True, kw_only=True)
class LedEvaluator(Evaluator):
    """Images that all ranks score, round by round a batch each; put together in order they are one's alone."""

    ranks: MpiRanks
    number: int
    """The images' number among those of the experiment."""

    def __call__(
        self,
        network: Network,
        stopped: Callable[[], bool] = lambda: False,
        seen: Callable[[int, int], None] = lambda *_: None,
    ) -> Result:
        with self.ranks.word(Word.WEIGHTS):
            for store in (network.params, network.buffers):
                self.ranks.broadcast(store.vector)
        try:
            rounds = self.refined(self._rounds(network, stopped, seen), network, stopped)
            return result_of(rounds, network.loss_function)
        except EvaluationStoppedError as error:
            stop = error
        finally:
            if self.ranks.idle:
                with self.ranks.word(Word.RESTORE):
                    pass
        raise stop

    def _rounds(
        self, network: Network, stopped: Callable[[], bool], seen: Callable[[int, int], None]
    ) -> Iterator[tuple[Array, Array]]:
        batches = -(-len(self.labels) // self.batch_size)
        for first in range(0, batches, self.ranks.size):
            if stopped():
                raise EvaluationStoppedError
            with self.ranks.word(Word.SCORE, self.number, first):
                scored = score_round(self.ranks, network, self, first)
            yield from scored
            seen(min((first + self.ranks.size) * self.batch_size, len(self.labels)), len(self.labels))
