"""The ranks that follow: they do what rank 0 says until it says that there is no more to do."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import numpy as np

from nndl.config.build import Built
from nndl.errors import NndlError
from nndl.jobs.parallel.agree import in_words
from nndl.jobs.parallel.lead import state_of
from nndl.jobs.parallel.mpi import MpiRanks
from nndl.jobs.parallel.scoring import score_round
from nndl.jobs.parallel.words import Word
from nndl.net.types import Array
from nndl.train.evaluate import Evaluator
from nndl.train.sharded.loss import StopFlag

PASSED_ON = 2.0
"""Seconds after which a signal is passed on: a launcher sends it to all ranks, and rank 0 then knows."""


def serve(ranks: MpiRanks, load: Callable[[], object], build: Callable[[], tuple[Built, StopFlag]]) -> None:
    """Follow rank 0 to the end; `load` and `build` make what it says along with it. An error here ends all ranks."""
    follower: Follower | None = None
    try:
        with _passing_on() as asked, np.errstate(all="ignore"):
            while (told := ranks.told())[0] is not Word.END:
                word, arguments = told
                if word is Word.LOAD:
                    load()
                    continue
                if word is Word.EXPERIMENT:
                    follower = Follower(ranks, *build())
                    continue
                assert follower is not None
                follower.flag.asked = asked()
                follower.do(word, arguments)
    except BaseException as error:  # a rank that leaves without a word would be waited for
        if not (isinstance(error, NndlError) and ranks.over):
            ranks.fail(in_words(error))


@contextmanager
def _passing_on() -> Iterator[Callable[[], int]]:
    """Give a function that tells by which signal this rank was asked to end some time ago, if training still goes on.

    It is 0 where none did.
    """
    asked: list[tuple[int, float]] = []

    def heard(number: int, frame: FrameType | None) -> None:
        del frame
        asked.append((number, time.monotonic()))

    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGBREAK")
    before = {each: signal.signal(each, heard) for each in signal.Signals if each.name in names}
    try:
        yield lambda: asked[0][0] if asked and time.monotonic() - asked[0][1] > PASSED_ON else 0
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class Follower:
    """A rank's part of one experiment."""

    def __init__(self, ranks: MpiRanks, built: Built, flag: StopFlag) -> None:
        self.ranks, self.built, self.flag = ranks, built, flag
        self.network, self.solver = built.network, built.solver
        self._batches: Iterator[tuple[Array, Array]] = iter(())
        self._aside: list[Array] = []

    def do(self, word: Word, arguments: list[float]) -> None:
        """Do what rank 0 says."""
        first, second, third = arguments
        learner = self.solver.learner
        if word is Word.LOSS:
            self.network.step = int(first)
            self.solver.objective.loss(*next(self._batches))
        elif word is Word.UPDATE:
            learner.update(self.network.grads, first, int(second), int(third))
        elif word is Word.BEGIN:
            self._batches = self.solver.batches.epoch(int(first), int(second))
        elif word is Word.FREEZE:
            learner.freeze(first, second)
        elif word is Word.STORES:
            learner.stores()
        elif word is Word.SYNC:
            self._sync(int(first), (int(second), int(third)))
        else:
            self._score(word, int(first), int(second))

    def _sync(self, updates: int, size: tuple[int, int]) -> None:
        learner = self.solver.learner
        learner.updater.t, self.network.trained_at = updates, (self.network.input_shape[0], *size)
        for vector in state_of(self.network, learner.remembered()):
            self.ranks.broadcast(vector)

    def _score(self, word: Word, number: int, first: int) -> None:
        vectors = [self.network.params.vector, self.network.buffers.vector]
        if word is Word.WEIGHTS:
            self._aside = [vector.copy() for vector in vectors]
            for vector in vectors:
                self.ranks.broadcast(vector)
        elif word is Word.SCORE:
            score_round(self.ranks, self.network, image_sets(self.built)[number], first)
        else:
            for vector, own in zip(vectors, self._aside, strict=True):
                vector[:] = own


def image_sets(built: Built) -> list[Evaluator]:
    """List the sets of images that an experiment scores."""
    validation = [] if built.validation is None else [built.validation]
    return [built.solver.train_sample, built.test, *validation]
