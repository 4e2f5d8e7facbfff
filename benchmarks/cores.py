"""The gain of more cores: `python -m benchmarks.cores`, from a training step's parts, measured on few (GCC, Linux).

For each number of cores, steps are taken on as many threads, however few cores there are, with kernels that note the
processor time of each task that they share out, and with the update's slices timed likewise. The tasks are then laid
out on so many cores as the pool of threads does it, the next to whichever is free first. The rest, the processor time
of the thread that asks, is serial: Python between the kernels, the loss, what kernels do before and after they share.

step = serial + the last core's end, summed over the kernels + the update's longest slice

Not in it: threads that wake up and meet ("meetings" counts how often they do), memory and caches that cores share, and
clocks that fall. So it says what the cut into tasks allows, no more. "busy": how many cores are at work on average.
"""

import argparse
import heapq
import tempfile
from collections.abc import Sequence
from ctypes import POINTER, c_double, c_long
from dataclasses import dataclass, replace
from pathlib import Path
from threading import get_ident
from time import thread_time
from typing import Any

import numpy as np

from benchmarks.engine_steps import NETWORKS
from nndl.config import load_config
from nndl.config.build import build_learner
from nndl.engines import get_engine, set_threads
from nndl.engines.compiled import bindings
from nndl.engines.compiled.build import build, library_path
from nndl.engines.shared.threads import Work, parallel_for
from nndl.net.network import Network
from nndl.train.learner import Learner
from nndl.train.optimizers import SgdNesterovMomentum

BATCHES = {"W1": 128, "W2": 128, "W3": 128, "W4": 1024}


@dataclass
class Step:
    """Seconds of the processor for the parts of a step."""

    serial: float
    kernels: list[list[float]]
    """Of each task of each kernel."""
    update: list[list[float]]
    """Of each slice of each part of the update."""

    def on(self, cores: int) -> float:
        """Return the seconds that the step would take."""
        return self.serial + sum(laid_out(tasks, cores) for tasks in (*self.kernels, *self.update))

    @property
    def all(self) -> float:
        return self.serial + sum(map(sum, (*self.kernels, *self.update)))


def laid_out(tasks: Sequence[float], cores: int) -> float:
    """Return when the last task ends, if each goes in turn to the core that is free first."""
    ends = [0.0] * min(cores, len(tasks))
    for task in tasks:
        heapq.heappush(ends, heapq.heappop(ends) + task)
    return max(ends, default=0.0)


class Notes:
    """The processor time of tasks, as kernels and update note it."""

    def __init__(self) -> None:
        self.library = bindings.kernels()._library
        self.library.nndl_noted.restype = POINTER(c_double)
        self.library.nndl_noted_count.restype = c_long
        self.library.nndl_noted_inside.restype = c_double
        self.slices: list[list[float]] = []
        self.own = 0.0

    def begin(self) -> None:
        self.library.nndl_noted_begin()
        self.slices, self.own = [], 0.0

    def parallel_for(self, count: int, work: Work) -> None:
        """Share out as the engines do, and note the time of each slice."""
        took: list[float] = []
        self.slices.append(took)
        asking = get_ident()

        def timed(start: int, stop: int, thread: int) -> None:
            began = thread_time()
            work(start, stop, thread)
            took.append(thread_time() - began)
            if get_ident() == asking:  # of less slices than threads its own is not that of thread 0
                self.own += took[-1]

        parallel_for(count, timed)

    def step(self, asked: float) -> Step:
        """Return the parts of what was noted; `asked`: all of the asking thread's processor time."""
        count = self.library.nndl_noted_count()
        numbers = np.ctypeslib.as_array(self.library.nndl_noted(), (count,)) if count else np.empty(0)
        kernels, at = [], 0
        while at < count:
            tasks = int(numbers[at])
            kernels.append(numbers[at + 1 : at + 1 + tasks].tolist())
            at += 1 + tasks
        return Step(asked - self.library.nndl_noted_inside() - self.own, kernels, self.slices)


class Training:
    """Steps of a network by its name: W1 to W4, or a config."""

    def __init__(self, name: str, notes: Notes) -> None:
        self.notes = notes
        engine = replace(get_engine("compiled"), share=notes.parallel_for)
        if name in NETWORKS:
            self.network, self.batch = Network(NETWORKS[name], (3, 32, 32), engine), BATCHES.get(name, 128)
            self.learner = Learner(self.network, SgdNesterovMomentum())
        else:
            experiment = load_config(name)
            self.network = Network(experiment.model.layers, experiment.data.input_shape, engine)
            self.batch, self.learner = experiment.train.batch_size, build_learner(experiment, self.network)
        self.learner.freeze(0)
        random = np.random.default_rng(0)
        self.images = random.standard_normal((self.batch, *self.network.input_shape), np.float32)
        self.labels = random.integers(0, 10, self.batch)

    def step(self) -> Step:
        self.notes.begin()
        began = thread_time()
        _, gradients = self.network.loss(self.images, self.labels)
        self.learner.update(gradients, 1e-3, self.learner.updater.t + 1, 1000)
        return self.notes.step(thread_time() - began)


def use_noting_kernels(folder: Path) -> None:
    """Build the kernels for this processor into `folder`, so that they note, and compute by them."""
    best = bindings.instructions()
    more = (str(Path(__file__).with_suffix(".c")), "-Wl,--wrap=share")
    if not build(folder, more, [best]):
        raise SystemExit("the kernels were not built")
    noting = library_path(best, folder)
    vars(bindings)["library_path"] = lambda variant: noting if variant == best else library_path(variant)
    bindings.use(best)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=[*BATCHES, "ladder/94"], help="W1 to W4, or configs")
    parser.add_argument("--cores", nargs="+", type=int, default=[1, 2, 4, 8, 16, 64])
    parser.add_argument("--steps", type=int, default=3, help="of which the one that took least counts")
    options: Any = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="nndl-cores-") as folder:
        use_noting_kernels(Path(folder))
        notes = Notes()
        print(f"{'network':10} {'cores':>5} {'ms/step':>9} {'busy':>6} {'serial':>7} {'all':>9} {'meetings':>8}")
        for name in options.networks:
            training = Training(name, notes)
            for cores in options.cores:
                set_threads(cores)
                training.step()
                best = min((training.step() for _ in range(options.steps)), key=lambda step: step.all)
                parts = f"{1e3 * best.serial:7.1f} {1e3 * best.all:9.1f} {len(best.kernels) + len(best.update):8}"
                print(
                    f"{name:10} {cores:5} {1e3 * best.on(cores):9.1f} {best.all / best.on(cores):6.1f} {parts}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
