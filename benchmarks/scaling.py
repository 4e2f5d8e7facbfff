"""A model of training on several processes: `python -m benchmarks.scaling`, with the extra mpi and an MPI.

Measures, on this machine, what a step consists of (shards, sums, updates, what two ranks exchange), fits a model to it,
sets the model beside whole steps of one and two ranks, and predicts up to 64 ranks of one core each, on the shared
memory of one machine and on ten-gigabit Ethernet. docs/scaling.md says what the model assumes.
"""

import argparse
import json
from dataclasses import dataclass
from math import ceil, log2
from typing import Any

import numpy as np

from benchmarks.worker_scaling import BATCHES, RANKS
from nndl.jobs.parallel.settle import default_shards
from nndl.jobs.parallel.start_mpi import run

WORKER = ("-m", "benchmarks.worker_scaling")
BACKWARD = 2 / 3
"""Of a shard's time: the part in which the gradients of the last layers may leave."""


@dataclass(frozen=True)
class Link:
    """Ways between ranks: seconds until something arrives, bytes a second of one rank, and of all together."""

    name: str
    latency: float
    bandwidth: float
    together: float = float("inf")

    def transfer(self, bytes_sent: float, ranks: int) -> float:
        """Return the seconds in which each rank sends every other its part."""
        return self.latency * (ranks - 1) + bytes_sent / min(self.bandwidth, self.together / ranks)

    def few(self, ranks: int) -> float:
        """Return the seconds for a few numbers."""
        return self.latency * ceil(log2(ranks))


TEN_GIGABIT = Link("ten-gigabit Ethernet, a rank on each machine", 30e-6, 1.17e9)


@dataclass(frozen=True)
class Model:
    """A step of one workload: fixed cost and cost of an image in a shard, sums, updates, and the vector's size."""

    batch: int
    fixed: float
    image: float
    add: float
    updates: dict[int, float]
    numbers: int
    statistics: int
    last: int
    """Numbers in the bucket that leaves last, which nothing hides."""

    def shard(self, images: float) -> float:
        """Return the seconds of a shard."""
        return self.fixed + self.image * images

    def step(self, ranks: int, shards: int, link: Link) -> float:
        """Return the seconds of a step."""
        own, seconds = ceil(shards / ranks), self.shard(self.batch / shards)
        computed = own * seconds + (own - 1) * self.add + self.updates[ranks]
        if ranks == 1:
            return computed
        share = 4 * (ranks - 1) / ranks
        reduced = link.transfer(share * self.numbers, ranks)
        exposed = max(reduced - BACKWARD * seconds, link.transfer(share * self.last, ranks))
        back = link.transfer(share * self.numbers, ranks)
        statistics = 2 * link.transfer(share * self.statistics, ranks)
        return computed + exposed + back + statistics + 4 * link.few(ranks)  # two words, losses, squares


def fitted(name: str, measured: dict[str, Any]) -> tuple[Model, dict[int, tuple[float, float]]]:
    """Fit shards' times by least squares of relative errors; returns the model, and measured and fitted times."""
    sizes = np.array([int(size) for size in measured["shards"]], float)
    times = np.array(list(measured["shards"].values()))
    (fixed, image), *_ = np.linalg.lstsq(np.stack([1 / times, sizes / times], axis=1), np.ones(len(times)), rcond=None)
    updates = {int(ranks): seconds for ranks, seconds in measured["updates"].items()}
    sizes_of = measured["numbers"], measured["statistics"], measured["buckets"][-1]
    model = Model(BATCHES[name], max(0.0, float(fixed)), float(image), measured["add"], updates, *sizes_of)
    return model, {int(size): (time, model.shard(size)) for size, time in zip(sizes, times, strict=True)}


def fitted_link(measured: dict[str, Any], together: float) -> tuple[Link, dict[int, tuple[float, float]]]:
    """Take the latency from the smallest vectors of two ranks, and the bandwidth from the largest, the slowest."""
    times = {int(size): max(pair) for size, pair in measured["vectors"].items()}
    small, large = min(times), max(times)
    bandwidth = 2 * (large - small) / (times[large] - times[small])  # half of a float32 vector goes to the other rank
    link = Link("shared memory", max(measured["few"], times[small] - 2 * small / bandwidth), bandwidth, together)
    return link, {size: (time, link.transfer(2 * size, 2)) for size, time in times.items()}


def say_fit(what: str, fit: dict[int, tuple[float, float]]) -> None:
    """Print measured times, and by how much the model is off."""
    cells = "  ".join(f"{size}: {1e3 * time:.3g} ms ({model / time - 1:+.0%})" for size, (time, model) in fit.items())
    print(f"{what}: {cells}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", default=list(BATCHES), help=f"of {', '.join(BATCHES)}")
    parser.add_argument(
        "--together", type=float, default=100e9, help="bytes a second of a machine's memory, for copies"
    )
    parser.add_argument("--times", type=int, default=10, help="whole steps to take the least of")
    arguments = parser.parse_args()
    shared, fit = fitted_link(json.loads(run(2, [*WORKER, "link"])), arguments.together)
    print(f"two ranks: latency {1e6 * shared.latency:.0f} us, {shared.bandwidth / 1e9:.2f} GB/s each")
    say_fit("  numbers exchanged", fit)
    for name in arguments.workloads:
        model, fit = fitted(name, json.loads(run(1, [*WORKER, "compute", name])))
        print(
            f"\n{name}: {model.numbers:,} numbers, batch {model.batch}; sums of a shard {1e3 * model.add:.2f} ms, ",
            end="",
        )
        print("update " + ", ".join(f"{ranks}: {1e3 * model.updates[ranks]:.2f}" for ranks in RANKS) + " ms")
        say_fit("  shards of images", fit)
        shards = default_shards(model.batch, 2, model.numbers)
        for ranks in (1, 2):
            seconds = json.loads(run(ranks, [*WORKER, "step", name, str(shards), str(arguments.times)]))["seconds"]
            expected = model.step(ranks, shards, shared)
            off = f"model {1e3 * expected:.1f} ({expected / seconds - 1:+.0%})"
            print(f"  {ranks} ranks, {shards} shards: {1e3 * seconds:.1f} ms a step, {off}")
        one = model.step(1, default_shards(model.batch, 1, model.numbers), shared)
        for link in (shared, TEN_GIGABIT):
            gains = [
                one / model.step(ranks, default_shards(model.batch, ranks, model.numbers), link) for ranks in RANKS
            ]
            cells = "  ".join(
                f"{ranks}: {gain:.1f} ({gain / ranks:.0%})" for ranks, gain in zip(RANKS, gains, strict=True)
            )
            print(f"  times faster on {link.name}: {cells}", flush=True)


if __name__ == "__main__":
    main()
