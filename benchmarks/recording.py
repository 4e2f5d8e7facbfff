"""The cost of keeping a run: images a second with and without, `python -m benchmarks.recording`.

Trainings of one config on generated images take turns in short bursts, so that a noisy machine is noisy for all: one
that keeps nothing, one that keeps its metrics, others that save the state as often as `--every` says, one that looks at
weights and activations every 100 steps, and one for each of `--loggers`. Shown are the images of all bursts over their
seconds, and what writing one state takes.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from time import perf_counter

from nndl.config import load_config
from nndl.config.build import Built, build
from nndl.jobs.resume import keeping
from nndl.jobs.start import start_run
from nndl.runs.loggers import Loggers
from nndl.runs.loggers.logger import About
from nndl.runs.recorder import Recorder
from nndl.train.events import StepDone

NEVER = "100000000 steps"


class Training:
    """A training of which bursts of steps are timed, kept in `folder` as often as `every` says, if at all."""

    def __init__(self, built: Built, folder: Path, every: str | None) -> None:
        self.recorder = self.loggers = None
        if every:
            run = start_run(built, folder)
            self.recorder = Recorder(run, built.solver, replace(keeping(built), every=every))
            names, steps = built.experiment.record.loggers, built.solver.steps
            self.loggers = Loggers(names, About(run, {}, 0), steps, print)
        self._events = self._kept(built)
        self.seconds, self.images = 0.0, 0

    def _kept(self, built: Built) -> Iterator[StepDone]:
        for event in built.solver.events():
            if self.recorder:
                self.recorder.see(event)
            if self.loggers:
                self.loggers.see(event)
            if isinstance(event, StepDone):
                yield event

    def burst(self, steps: int, count: bool = True) -> None:
        """Time some steps; `count` says whether they shall count."""
        began = perf_counter()
        images = sum(event.images for event in islice(self._events, steps))
        if count:
            self.seconds += perf_counter() - began
            self.images += images

    def write(self, times: int = 5) -> tuple[float, int]:
        """Return the seconds that the fastest of some writes of the state takes, and the bytes of it."""
        assert self.recorder
        taken = []
        for _ in range(times):
            began = perf_counter()
            self.recorder.save()
            taken.append(perf_counter() - began)
        return min(taken), self.recorder.folder.last.stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="bn_cnn")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--every", nargs="+", default=["100 steps", "10 steps", "1 step"])
    parser.add_argument("--loggers", nargs="*", default=[], help="tensorboard, mlflow, wandb")
    parser.add_argument("--steps", type=int, default=10, help="steps in a burst")
    parser.add_argument("--rounds", type=int, default=8, help="bursts of each")
    options = parser.parse_args()
    size = (options.steps * options.rounds + 5) * 128 + 500
    sets = ["data.dataset=synthetic", f"data.train_size={size}", "data.test_size=100", "data.validation_size=500"]
    sets.append(f"engine={options.engine}")
    with tempfile.TemporaryDirectory(prefix="nndl-", dir=".") as folder:
        kinds: dict[str, tuple[str | None, str]] = {
            "nothing": (None, ""),
            "metrics": (NEVER, ""),
            "statistics every 100": (NEVER, "record.statistics=100 steps"),
            **{name: (NEVER, f"record.loggers=[{name}]") for name in options.loggers},
            **{f"state every {every}": (every, "") for every in options.every},
        }
        trainings = {}
        for number, (name, (every, own)) in enumerate(kinds.items()):
            experiment = load_config(options.config, [*sets, own] if own else sets)
            trainings[name] = Training(build(experiment), Path(folder) / str(number), every)
        for training in trainings.values():
            training.burst(2, count=False)
        for number in range(options.rounds):
            for training in list(trainings.values())[:: -1 if number % 2 else 1]:
                training.burst(options.steps)
        seconds, size = list(trainings.values())[-1].write()
    speeds = {name: training.images / training.seconds for name, training in trainings.items()}
    print(f"{options.config}: a state of {size / 1e6:.1f} MB is written in {1e3 * seconds:.1f} ms")
    for name, speed in speeds.items():
        print(f"{name:24} {speed:8,.0f} images/s  {100 * (speed / speeds['nothing'] - 1):+.1f} %")


if __name__ == "__main__":
    main()
