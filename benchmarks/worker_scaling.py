"""Measurements for benchmarks.scaling: `python -m benchmarks.worker_scaling compute|link|step ...`, the last on ranks.

Every mode prints one line of JSON. Compute is timed in seconds of the processor, so that others on the machine count
little; links and steps in those of the clock, of which the least are kept.
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.engine_steps import NETWORKS
from nndl.config import load_config
from nndl.config.build import build_learner, build_network
from nndl.engines import get_engine, set_threads
from nndl.jobs.parallel.mpi import MpiRanks
from nndl.launched import launched
from nndl.net.network import Network
from nndl.train.learner import Learner
from nndl.train.optimizers import SgdNesterovMomentum
from nndl.train.sharded.cut import Cut
from nndl.train.sharded.loss import RanksLoss, ShardedLoss, StopFlag
from nndl.train.sharded.owners import buckets, owned
from nndl.train.sharded.sharing import SharedAmong, Sharing
from nndl.train.sharded.sums import Sums

BATCHES = {"W1": 128, "W2": 128, "W4": 1024, "ladder/94": 1024}
RANKS = (1, 2, 4, 8, 16, 32, 64)


def workload(name: str) -> tuple[Network, Callable[..., Learner]]:
    """Return a network, and what makes its learner: SGD with Nesterov momentum, or that of a bundled config."""
    set_threads(1)
    if name in NETWORKS:
        network = Network(NETWORKS[name], (3, 32, 32), get_engine())
        return network, partial(Learner, network, SgdNesterovMomentum(learning_rate=1e-3))
    experiment = load_config(name, ["threads=1"])
    network = build_network(experiment)
    return network, partial(build_learner, experiment, network)


def filters(network: Network, learner: Learner) -> list[str]:
    """List what is updated as a whole."""
    return [name for name, w in network.params.items() if w.ndim == 4] if learner.rule.whole_filters else []


def images(count: int) -> tuple[Any, Any]:
    """Return a batch of random images, and labels."""
    random = np.random.default_rng(0)
    return random.standard_normal((count, 3, 32, 32)).astype(np.float32), random.integers(0, 10, count)


def least(work: Callable[[], object], clock: Callable[[], float], seconds: float, times: int = 3) -> float:
    """Return the least that one call takes, over some seconds and calls."""
    work()
    found: list[float] = []
    began = perf_counter()
    while len(found) < times or perf_counter() - began < seconds:
        start = clock()
        work()
        found.append(clock() - start)
    return min(found)


def compute(name: str) -> dict[str, Any]:
    """Time shards of several sizes, sums of gradients, and each rank's part of the update."""
    network, make = workload(name)
    learner, (X, y) = make(), images(BATCHES[name])
    sizes = [size for size in (2, 4, 8, 16, 32, 64, 128, 256) if size <= BATCHES[name]]
    shards = {size: least(lambda n=size: network.loss(X[:n], y[:n]), process_time, 1.0) for size in sizes}
    sums, vector = Sums(network.grads.vector.size, network.dtype), network.grads.vector
    updates = {}
    for size in RANKS:
        cut = buckets(network.params, size, filters(network, learner))
        every = range(size) if learner.rule.whole_filters else (0,)
        parts = [owned(cut, rank) for rank in every]
        updates[size] = max(
            least(lambda own=own: learner.updater.update(network.grads, 1e-3, own), process_time, 0.0) for own in parts
        )

    def add() -> None:
        sums.begin()
        sums.take(vector, 0)
        sums.take(vector, 1)

    pieces = [bucket.place.stop - bucket.place.start for bucket in buckets(network.params, 1)]
    found = {"shards": shards, "updates": updates, "add": least(add, process_time, 0.3) / 2, "buckets": pieces}
    return {**found, "numbers": vector.size, "statistics": network.buffers.vector.size}


def link() -> dict[str, Any]:
    """Time what ranks exchange: a few numbers, and vectors of growing size there and back."""
    ranks = MpiRanks()
    few = least(lambda: ranks.collect(np.zeros(9)), perf_counter, 0.0, 300)
    found = {}
    for size in [1 << power for power in range(12, 24, 2)]:
        part = size // ranks.size
        sent, received = np.ones(size, np.float32), np.empty(size, np.float32)

        def exchange(sent: Any = sent, received: Any = received, part: int = part) -> None:
            counts = [part] * ranks.size
            ranks.exchange(sent, counts, received, counts).wait()

        def share(sent: Any = sent, received: Any = received, part: int = part) -> None:
            ranks.share(sent[:part], received, [part] * ranks.size)

        found[size] = [least(work, perf_counter, 0.0, 40) for work in (exchange, share)]
    return {"few": few, "vectors": found} if ranks.rank == 0 else {}


def step(name: str, shards: int, times: int) -> dict[str, Any]:
    """Time whole steps, without the making of batches."""
    network, make = workload(name)
    ranks = MpiRanks() if launched() else None
    cut = Cut(BATCHES[name], shards, ranks.size if ranks else 1)
    objective, sharing = ShardedLoss(network, cut), Sharing()
    if ranks is not None:
        params = buckets(network.params, ranks.size, filters(network, make()))
        statistics = buckets(network.buffers, ranks.size)
        objective = RanksLoss(network, cut, ranks, params, statistics, StopFlag())
        sharing = SharedAmong(ranks, params, statistics)
    learner, (X, y) = make(sharing=sharing), images(BATCHES[name])
    own = cut.part(ranks.rank if ranks else 0, len(y))

    def take() -> None:
        learner.update(objective.loss(X[own], y)[1], 1e-3, 1, 1000)

    found = {"seconds": least(take, perf_counter, 0.0, times)}
    return found if ranks is None or ranks.rank == 0 else {}


def main() -> None:
    mode, *arguments = sys.argv[1:]
    if mode == "compute":
        found = compute(arguments[0])
    elif mode == "link":
        found = link()
    else:
        found = step(arguments[0], int(arguments[1]), int(arguments[2]))
    if found:
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
