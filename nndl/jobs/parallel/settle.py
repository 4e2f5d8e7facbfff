"""Numbers that a config leaves open, and several processes have to agree on: shards, and threads of each."""

import json
from math import ceil, log2

from nndl.config import Experiment
from nndl.engines.shared.threads import usable
from nndl.jobs.parallel.mpi import MpiRanks

LEAST, MOST = 64, 8
"""Images that a shard should have, and shards that a batch has: what costs a few per cent on one process."""


def default_shards(batch_size: int, ranks: int) -> int:
    """Return the power of two that is cheap on one process, and leaves no rank without a shard if the batch allows."""
    cheap = 2 ** min(int(log2(MOST)), max(1, int(log2(max(1, batch_size // LEAST)))))
    return min(batch_size, max(cheap, 2 ** ceil(log2(ranks))))


def settled(experiment: Experiment, ranks: int, threads: int) -> Experiment:
    """Return the experiment with what it leaves open filled in, so that its run says it and goes on anywhere."""
    train, shards = experiment.train, experiment.train.shards or default_shards(experiment.train.batch_size, ranks)
    chosen = {"threads": threads} if experiment.threads == "auto" else {}
    return experiment.model_copy(update={"train": train.model_copy(update={"shards": shards}), **chosen})


def threads_for_each(ranks: MpiRanks) -> int:
    """Return the cores of a machine for each of its ranks; of several machines, those of the smallest share.

    A launcher may have bound each rank to cores of its own: those that the ranks of a machine have together count.
    """
    hosts: dict[str, list[set[int]]] = {}
    for text in ranks.everyone(json.dumps([ranks.host, usable()])):
        host, own = json.loads(text)
        hosts.setdefault(host, []).append(set(own))
    return max(1, min(len(set().union(*each)) // len(each) for each in hosts.values()))
