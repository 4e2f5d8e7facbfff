"""Measuring how training gains by several processes: numbers of ranks take turns in short bursts."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from nndl.config import Experiment
from nndl.config.schema import MOST_EPOCHS
from nndl.config.writing.show import dump
from nndl.engines.shared.threads import cores
from nndl.errors import TrainingError
from nndl.jobs.parallel.settle import settled
from nndl.jobs.parallel.start_mpi import OVERSUBSCRIBED, command

BATCHES = 16
"""Of generated images in an epoch: few, as they are made before the first step."""


@dataclass
class Contender:
    """Processes that train when told to."""

    ranks: int
    process: "subprocess.Popen[str]"
    about: dict[str, Any] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    def burst(self, seconds: float) -> None:
        """Train about so long and note the seconds of a step."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        self.seconds.append(float(self.answer()))

    def answer(self) -> Any:
        """Return what it says next; raises TrainingError where it has ended instead."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        line = self.process.stdout.readline()
        if not line:
            raise TrainingError(f"{self.ranks} ranks ended without an answer:\n{self.process.stderr.read().strip()}")
        return json.loads(line)

    def end(self) -> None:
        """Let the processes end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def measure_ranks(experiment: Experiment, ranks: Sequence[int], bursts: int, seconds: float) -> list[dict[str, Any]]:
    """Measure whole training steps on generated images: one process with all cores, whole batches; then so many ranks.

    Each rank has its share of the cores, as the largest number of ranks leaves it, or the config's threads.
    """
    largest = max(ranks)
    shared = settled(_endless(experiment), largest, max(1, cores() // largest))
    alone = _endless(experiment).model_copy(update={"threads": cores()})
    with TemporaryDirectory(prefix="nndl-") as folder:
        contenders = [_begin(1, alone, Path(folder) / "alone.yaml")]
        contenders += [_begin(size, shared, Path(folder) / "ranks.yaml") for size in ranks]
        try:
            for each in contenders:
                each.about = each.answer()
            for _ in range(bursts):
                for each in contenders:
                    each.burst(seconds)
        finally:
            for each in contenders:
                each.end()
    return [_measured(each, experiment.train.batch_size) for each in contenders]


def _endless(experiment: Experiment) -> Experiment:
    """Return the experiment on some batches of generated images, over more epochs than anyone waits for."""
    data = {"dataset": "synthetic", "train_size": max(100, BATCHES * experiment.train.batch_size)}
    sizes = data | {"validation_size": 0, "test_size": 10}
    images = experiment.data.model_copy(update=sizes)
    return experiment.with_epochs(MOST_EPOCHS).model_copy(update={"data": images})


def _begin(ranks: int, experiment: Experiment, config: Path) -> Contender:
    config.write_text(dump(experiment), encoding="utf-8")
    process = subprocess.Popen(
        command(ranks, ["-m", "nndl.jobs.parallel.measure", str(config)]),
        env={**os.environ, **OVERSUBSCRIBED},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    return Contender(ranks, process)


def _measured(each: Contender, batch_size: int) -> dict[str, Any]:
    step = median(each.seconds)
    return {
        "ranks": each.ranks,
        **each.about,
        "images_per_second": batch_size / step,
        "slowest_burst": batch_size / max(each.seconds),
        "fastest_burst": batch_size / min(each.seconds),
        "ms_per_step": 1e3 * step,
    }
