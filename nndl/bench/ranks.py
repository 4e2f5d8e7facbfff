"""Measuring how training gains by several processes: numbers of ranks take turns in short bursts."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from nndl.bench.bursts import Process
from nndl.config import Experiment
from nndl.config.datasets import CLASSES
from nndl.config.own.using import from_anywhere
from nndl.config.schema import MOST_EPOCHS
from nndl.config.writing.show import dump
from nndl.engines.shared.threads import cores
from nndl.jobs.parallel.settle import settled
from nndl.jobs.parallel.start_mpi import OVERSUBSCRIBED, command

BATCHES = 16
"""Of generated images in an epoch: few, as they are made before the first step."""


def measure_ranks(experiment: Experiment, ranks: Sequence[int], bursts: int, seconds: float) -> list[dict[str, Any]]:
    """Measure whole training steps on generated images: one process with all cores, whole batches; then so many ranks.

    Each rank has its share of the cores, as the largest number of ranks leaves it, or the config's threads.
    """
    largest = max(ranks)
    shared = settled(_endless(experiment), largest, max(1, cores() // largest))
    alone = _endless(experiment).model_copy(update={"threads": cores()})
    contenders: list[Process] = []
    with TemporaryDirectory(prefix="nndl-") as folder:
        try:
            contenders.append(_begin(1, alone, Path(folder) / "alone.yaml"))
            contenders += [_begin(size, shared, Path(folder) / "ranks.yaml") for size in ranks]
            known = [each.answer() for each in contenders]
            turns = [[each.burst(seconds) for each in contenders] for _ in range(bursts)]
        finally:
            for each in contenders:
                each.end()
    return [
        {"ranks": size, **about, **_speeds(experiment.train.step_size, times)}
        for size, about, times in zip((1, *ranks), known, zip(*turns, strict=True), strict=True)
    ]


def _endless(experiment: Experiment) -> Experiment:
    """Return the experiment on batches of generated images of its shape, over more epochs than anyone waits for."""
    channels, *size = experiment.data.input_shape
    names, count = CLASSES["synthetic"], len(experiment.data.class_names)
    data = {"dataset": "synthetic", "classes": names[:count] if count < len(names) else "all"}
    shape = {"channels": channels, "size": tuple(size)}
    sizes = {"train_size": max(100, BATCHES * experiment.train.step_size), "validation_size": 0, "test_size": 10}
    images = experiment.data.model_copy(update=data | shape | sizes)
    return experiment.with_epochs(MOST_EPOCHS).model_copy(update={"data": images})


def _begin(ranks: int, experiment: Experiment, config: Path) -> Process:
    config.write_text(dump(from_anywhere(experiment)), encoding="utf-8")
    words = command(ranks, ["-m", "nndl.bench.ranks_process", str(config)])
    return Process(f"{ranks} ranks", words, OVERSUBSCRIBED)


def _speeds(images: int, seconds: Sequence[float]) -> dict[str, float]:
    """Return images a second and milliseconds a step of so many; `seconds` are those of a step in each burst."""
    step = median(seconds)
    return {
        "images_per_second": images / step,
        "slowest_burst": images / max(seconds),
        "fastest_burst": images / min(seconds),
        "ms_per_step": 1e3 * step,
    }
