"""The cost of shards on one process: `python -m benchmarks.shards`, for W1, W2, W4 and ladder/94, under four minutes.

Whole steps (loss, gradients, update) on one thread: of the batch as a whole and of the batch in shards, in turns, so
that a noisy minute meets both. As many shards as are taken by default on one process, and as on two.
"""

import argparse
from collections.abc import Callable
from statistics import median
from time import perf_counter

from benchmarks.worker_scaling import BATCHES, images, workload
from nndl.jobs.parallel.settle import cost_of_shards, default_shards
from nndl.train.sharded.cut import Cut
from nndl.train.sharded.loss import ShardedLoss


def measure(name: str, counts: list[int], seconds: float) -> dict[int, list[float]]:
    """Return the seconds of steps by the number of shards, 0 for the batch as a whole."""
    network, make = workload(name)
    learner, batch = make(), images(BATCHES[name])
    losses = {shards: ShardedLoss(network, Cut(BATCHES[name], shards)) if shards else network for shards in counts}

    def step(loss: Callable[..., object]) -> float:
        began = perf_counter()
        loss(*batch)
        learner.update(network.grads, 0.0, 0, 1)
        return perf_counter() - began

    for each in losses.values():
        step(each.loss)
    found: dict[int, list[float]] = {shards: [] for shards in counts}
    began = perf_counter()
    while perf_counter() - began < seconds:
        for shards, each in losses.items():
            found[shards].append(step(each.loss))
    return found


def main() -> None:
    """Measure, and print a line for each number of shards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", nargs="+", choices=BATCHES, default=list(BATCHES))
    parser.add_argument("--shards", nargs="+", type=int, help="numbers of shards, instead of the defaults")
    parser.add_argument("--seconds", type=float, default=40, help="of each workload, without the warming up")
    arguments = parser.parse_args()
    for name in arguments.workloads:
        size, numbers = BATCHES[name], workload(name)[0].params.size
        counts = arguments.shards or [default_shards(size, ranks, numbers) for ranks in (1, 2)]
        found = measure(name, [0, *dict.fromkeys(counts)], arguments.seconds)
        whole = found.pop(0)
        print(f"{name}, batch {size:,}, {numbers:,} numbers: {1e3 * median(whole):.1f} ms a step as a whole")
        for shards, times in found.items():
            costs = sorted(each / beside - 1 for each, beside in zip(times, whole, strict=True))
            middle = costs[len(costs) // 4], costs[-1 - len(costs) // 4]
            cost = f"{median(costs):+.1%} (half of {len(costs)} pairs of steps: {middle[0]:+.1%} to {middle[1]:+.1%})"
            model = f"the model says {cost_of_shards(shards, size, numbers):+.1%}"
            print(f"  {shards} shards: {1e3 * median(times):.1f} ms, {cost}; {model}", flush=True)


if __name__ == "__main__":
    main()
