"""Whoever trains: this process alone, or the first of several with those that follow it."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from nndl.config import Experiment
from nndl.config.build import Built, build_learner
from nndl.config.writing.show import as_tree
from nndl.data.batches import Batches
from nndl.errors import ConfigError
from nndl.jobs.build import build
from nndl.jobs.parallel.agree import refuse_differences, together
from nndl.jobs.parallel.follow import image_sets, serve
from nndl.jobs.parallel.handing import handed_on, taken_over
from nndl.jobs.parallel.lead import LedBatches, LedEvaluator, LedLearner, LedLoss
from nndl.jobs.parallel.mpi import MpiRanks
from nndl.jobs.parallel.settle import settled, threads_for_each
from nndl.jobs.parallel.words import Word
from nndl.jobs.sameness import provenance
from nndl.launched import launched
from nndl.train.learner import Learner
from nndl.train.sharded.cut import Cut
from nndl.train.sharded.lanes import Lanes
from nndl.train.sharded.loss import RanksLoss, StopFlag
from nndl.train.sharded.owners import buckets
from nndl.train.sharded.sharing import SharedAmong
from nndl.train.solver import Solver

T = TypeVar("T")


class Team:
    """A process that trains alone."""

    def load(self, make: Callable[[], Experiment]) -> Experiment:
        """Return the experiment that all are to train."""
        return make()

    def build(self, experiment: Experiment) -> Built:
        """Make what an experiment needs to run."""
        return build(experiment)


class Leader(Team):
    """Rank 0 of several."""

    def __init__(self, ranks: MpiRanks) -> None:
        self.ranks = ranks
        self._threads = threads_for_each(ranks)

    def load(self, make: Callable[[], Experiment]) -> Experiment:
        with self.ranks.word(Word.LOAD):
            return _load(self.ranks, make)

    def build(self, experiment: Experiment) -> Built:
        """Make what an experiment needs to run here and on all other ranks."""
        experiment = settled(experiment, self.ranks.size, self._threads)
        with self.ranks.word(Word.EXPERIMENT):
            self.ranks.everyone(handed_on(experiment))
            built, flag = _build_shared(self.ranks, experiment)
            flag.heard = partial(_stop, built.solver)
            return _led(built, self.ranks)


@contextmanager
def team(make: Callable[[], Experiment] | None = None) -> Iterator[Team]:
    """Train, within, as one team: a process that follows another never comes to what is within.

    make: what each rank makes of the command by itself, to be compared, as far as it can.
    """
    if launched() is None:
        yield Team()
        return
    ranks = MpiRanks()
    if ranks.rank:
        threads_for_each(ranks)
        serve(ranks, partial(_load, ranks, make), partial(_build_as_told, ranks))
        raise SystemExit(0)
    error = None
    try:
        yield Leader(ranks)
    except BaseException as raised:
        error = raised
        raise
    finally:
        ranks.end(error)


def _load(ranks: MpiRanks, make: Callable[[], Experiment] | None) -> Experiment:
    assert make is not None
    experiment = together(ranks, make)
    refuse_differences(ranks, {"config": as_tree(experiment)})
    return experiment


def _build_as_told(ranks: MpiRanks) -> tuple[Built, StopFlag]:
    """Make, on a rank that follows, what rank 0 makes."""
    return _build_shared(ranks, taken_over(ranks.everyone("")[0]))


def _build_shared(ranks: MpiRanks, experiment: Experiment) -> tuple[Built, StopFlag]:
    """Make this rank's part of an experiment: its images of each batch, its share of the sums and of the update."""
    train, flag = experiment.train, StopFlag()
    assert train.parts is not None
    cut = Cut(train.step_size, train.parts, ranks.size)
    built = together(ranks, lambda: _built(experiment, cut))
    refuse_differences(ranks, provenance(built))
    network = built.network
    filters = [name for name, w in network.params.items() if w.ndim == 4] if train.optimizer.whole_filters else []
    params, buffers = buckets(network.params, ranks.size, filters), buckets(network.buffers, ranks.size)
    sharing = SharedAmong(ranks, params, buffers, gathers_gradients=experiment.record.statistics is not None)
    make = partial(LedLearner, ranks=ranks) if ranks.rank == 0 else Learner
    lanes = Lanes(network, cut, ranks) if train.shard_statistics == "batch" else None
    built.solver.objective = RanksLoss(network, cut, ranks, params, buffers, flag, lanes)
    per_epoch = built.solver.steps_per_epoch
    built.solver.learner = build_learner(experiment, network, make, sharing=sharing, steps_per_epoch=per_epoch)
    assert isinstance(built.solver.batches, Batches)
    built.solver.batches.part = partial(cut.part, ranks.rank)
    return built, flag


def _built(experiment: Experiment, cut: Cut) -> Built:
    built = build(experiment)
    if experiment.train.shard_statistics == "batch":
        _refuse_idle_ranks(cut, len(built.split.train), experiment.train.drop_last)
    return built


def _refuse_idle_ranks(cut: Cut, images: int, drop_last: bool) -> None:
    """Raise ConfigError where a batch has fewer shards than there are ranks, which then could not meet the others."""
    for size in (min(images, cut.batch_size), 0 if drop_last else images % cut.batch_size):
        if size and cut.count(size) < cut.ranks:
            words = f"a batch of {size:,} has {cut.count(size)} shards, too few for {cut.ranks} ranks to meet"
            raise ConfigError(
                f"train.shard_statistics: batch: {words}; take more train.shards, fewer ranks, or train.drop_last: true"
            )


def _stop(solver: Solver, number: int) -> None:
    """Take a signal that reached another rank as if it had reached this one."""
    if not solver.stop_asked() and callable(signal.getsignal(number)):
        signal.raise_signal(number)
    solver.stop()


def _led(built: Built, ranks: MpiRanks) -> Built:
    """Let the solver's parts speak to the other ranks before they do theirs."""
    solver = built.solver
    assert isinstance(solver.objective, RanksLoss)
    assert isinstance(solver.batches, Batches)
    solver.objective = LedLoss(ranks, solver.objective)
    solver.batches = LedBatches(ranks, solver.batches)
    led = [LedEvaluator(**vars(each), ranks=ranks, number=number) for number, each in enumerate(image_sets(built))]
    solver.train_sample, test, validation = led[0], led[1], led[2] if len(led) > 2 else None
    solver.validation = validation
    return replace(built, test=test, validation=validation)
