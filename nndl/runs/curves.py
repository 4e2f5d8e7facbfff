"""A run's curves, as its metrics.jsonl has them: what plots, reports and the terminal draw."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from nndl.runs.folder import RunFolder
from nndl.runs.listing import finite, name_of, read_config, read_row, read_summary
from nndl.runs.metrics import read_metrics

Points = list[tuple[float, float]]
"""(epoch, value); the epoch with a fraction, 1.0 at the end of the first"""

SMOOTHING = 0.02
"""Share of all steps over which the loss of single steps is averaged: one batch tells little."""


@dataclass
class Curves:
    """One run's. A list is empty where nothing was recorded, as validation without validation images."""

    name: str
    loss: Points = field(default_factory=list)
    """Of single steps, on the batch at hand, before the update."""
    learning_rate: Points = field(default_factory=list)
    images_per_second: Points = field(default_factory=list)
    train_loss: Points = field(default_factory=list)
    """Mean over an epoch's steps."""
    train_accuracy: Points = field(default_factory=list)
    """On a sample of the training images, after the epoch; a share of 1."""
    validation_loss: Points = field(default_factory=list)
    validation_accuracy: Points = field(default_factory=list)

    @property
    def smooth_loss(self) -> Points:
        """`loss` averaged along the steps."""
        return smoothed(self.loss)


STEP_CURVES = {"loss": "loss", "learning_rate": "learning_rate"}
EPOCH_CURVES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


def read_curves(folder: RunFolder, name: str | None = None) -> Curves:
    """The curves of a run, of one that is going on too; empty where it has written nothing yet."""
    curves = Curves(name or name_of(folder))
    records: list[dict[str, Any]] = []
    with suppress(OSError):
        records = list(read_metrics(folder.metrics))
    per_epoch = plan_of(folder, records).steps_per_epoch
    for record in records:
        at = record["step"] / per_epoch
        if record["kind"] == "step":
            for attribute, key in STEP_CURVES.items():
                _add(getattr(curves, attribute), at, record.get(key))
            images, seconds = (finite(record.get(key)) for key in ("images", "seconds"))
            if images and seconds:
                curves.images_per_second.append((at, images / seconds))
        elif record["kind"] == "epoch":
            for key in EPOCH_CURVES:
                _add(getattr(curves, key), at, record.get(key))
    curves.images_per_second = smoothed(curves.images_per_second)
    return curves


@dataclass(frozen=True)
class Plan:
    """How long a run is to be; a `nndl.train.solver.Solver` says the same of itself."""

    steps: int
    steps_per_epoch: int
    epochs: float
    step: int = 0


def plan_of(folder: RunFolder, records: Iterable[Mapping[str, Any]] = ()) -> Plan:
    """From the run's config and summary, and exactly from the first epoch that was done; no zeros in it."""
    summary, config = read_summary(folder) or {}, read_config(folder) or {}
    train = config.get("train")
    epochs = finite(train.get("epochs")) if isinstance(train, Mapping) else None
    steps, epochs = int(finite(summary.get("steps")) or 1), epochs or 1
    per_epoch = max(1, int(steps / epochs))
    for record in records:
        if record["kind"] == "epoch" and record["epoch"] > 0:
            per_epoch = max(1, record["step"] // record["epoch"])
            break
    return Plan(max(1, steps), per_epoch, int(epochs) if epochs % 1 == 0 else epochs)


def smoothed(points: Sequence[tuple[float, float]]) -> Points:
    """The mean over the nearest SMOOTHING of the points; at the ends over those there are."""
    reach = round(SMOOTHING * len(points) / 2)
    sums = [0.0, *accumulate(y for _, y in points)]
    ends = [(max(0, i - reach), min(len(points), i + reach + 1)) for i in range(len(points))]
    return [
        (x, (sums[last] - sums[first]) / (last - first)) for (x, _), (first, last) in zip(points, ends, strict=True)
    ]


def names(folders: Sequence[RunFolder]) -> list[str]:
    """The shortest names that tell runs apart: of the config, with its seed, or of the folder."""
    rows = [read_row(folder) for folder in folders]
    configs = [row.config or row.name for row in rows]
    seeded = [f"{config}, seed {row.seed}" for config, row in zip(configs, rows, strict=True)]
    of_folders = [row.name for row in rows]
    return next(
        (found for found in (configs, seeded, of_folders) if len(set(found)) == len(found)),
        [row.folder for row in rows],
    )


def calm_top(values: Iterable[float]) -> float | None:
    """Up to where losses are drawn: a spike in the first steps would press all the rest to the floor."""
    ordered = sorted(values)
    return 1.05 * ordered[int(0.995 * (len(ordered) - 1))] if ordered else None


def _add(points: Points, at: float, value: Any) -> None:
    number = finite(value)
    if number is not None:
        points.append((at, number))
