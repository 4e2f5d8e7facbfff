"""Numbers that a config leaves open, and several processes have to agree on: shards, and threads of each.

They are settled before training begins and written into the run's config, so that a run goes on anywhere.
"""

import json
from math import ceil, log2

from nndl.config import Experiment
from nndl.engines.shared.threads import usable
from nndl.jobs.parallel.mpi import MpiRanks
from nndl.net.shapes import infer_shapes
from nndl.net.summary import layer_rows, totals

MOST, COST = 8, 0.05
"""Shards that a batch has at most on few ranks, and the share of a step that they may cost on one process."""
LEAST = 128
"""Images that a shard has at least where there are others: in fewer the calls of a small network cost more than that,
8.7 % of W1's step in two shards of 64 (python -m benchmarks.shards)."""
FIXED, PER_NUMBER = 5.0, 0.5e-6
"""Images that take as long as a shard more, whatever the network, and for each of its numbers (docs/scaling.md)."""


def cost_of_shards(shards: int, batch_size: int, numbers: int) -> float:
    """Return the share of a step that one process loses by shards, of a network of so many numbers."""
    images = FIXED + PER_NUMBER * numbers
    return (shards - 1) * images / (batch_size + images)


def default_shards(batch_size: int, ranks: int, numbers: int) -> int:
    """Return the power of two that is cheap on one process, and leaves no rank without a shard if the batch allows."""
    powers = [2**power for power in range(int(log2(MOST)) + 1)]
    room = max(1, batch_size // LEAST)
    cheap = max(each for each in powers if each <= room and cost_of_shards(each, batch_size, numbers) < COST)
    return min(batch_size, max(cheap, 2 ** ceil(log2(ranks))))


def settled(experiment: Experiment, ranks: int, threads: int) -> Experiment:
    """Return the experiment with what it leaves open filled in, so that its run says it and goes on anywhere."""
    train = experiment.train
    sharing = ceil(ranks / (train.accumulate or 1))  # the batches of a step are shared out, too
    shards = train.shards or default_shards(train.batch_size, sharing, _numbers(experiment))
    chosen = {"threads": threads} if experiment.threads == "auto" else {}
    return experiment.model_copy(update={"train": train.model_copy(update={"shards": shards}), **chosen})


def _numbers(experiment: Experiment) -> int:
    placed = infer_shapes(experiment.model.layers, experiment.data.input_shape)
    return totals(layer_rows(placed, 4))["parameters"]


def threads_for_each(ranks: MpiRanks) -> int:
    """Return the cores of a machine for each of its ranks; of several machines, those of the smallest share.

    A launcher may have bound each rank to cores of its own: those that the ranks of a machine have together count.
    """
    hosts: dict[str, list[set[int]]] = {}
    for text in ranks.everyone(json.dumps([ranks.host, usable()])):
        host, own = json.loads(text)
        hosts.setdefault(host, []).append(set(own))
    return max(1, min(len(set().union(*each)) // len(each) for each in hosts.values()))
