"""A run's curves, as its metrics.jsonl has them: what plots, reports and the terminal draw."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate
from statistics import fmean
from typing import Any

from nndl.runs.folder import RunFolder
from nndl.runs.listing import finite, name_of, read_config, read_row, read_summary
from nndl.runs.metrics import read_metrics

Points = list[tuple[float, float]]
"""(epoch, value); the epoch with a fraction, 1.0 at the end of the first"""

Band = list[tuple[float, float, float]]
"""(epoch, lowest, highest)"""

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
    synthetic: bool = False
    """True where it learnt from generated images."""
    seeds: int = 1
    """The number of runs that these are the means of."""
    kind: str = "seeds"
    """Seeds, or folds: the difference of those runs."""
    bands: dict[str, Band] = field(default_factory=dict)
    """Of several runs, by the name of the curve: between which values they lie."""

    @property
    def smooth_loss(self) -> Points:
        """`loss` averaged along the steps."""
        return smoothed(self.loss)


AVERAGED = ("loss", "learning_rate", "images_per_second")
"""The curves that are averaged over seeds beside EPOCH_CURVES."""
STEP_CURVES = {"loss": "loss", "learning_rate": "learning_rate"}
EPOCH_CURVES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


def read_curves(folder: RunFolder, name: str | None = None) -> Curves:
    """Read the curves of a run, of one that is going on too; empty where it has written nothing yet."""
    curves = Curves(name or name_of(folder), synthetic=bool(read_row(folder).on_synthetic))
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


def averaged(each: Sequence[Curves], name: str) -> Curves:
    """Average several runs' curves, in a band from the lowest to the highest, up to where the first one ends."""
    mean = Curves(name, synthetic=each[0].synthetic, seeds=len(each))
    for attribute in (*AVERAGED, *EPOCH_CURVES):
        setattr(mean, attribute, [(at, _mean(values)) for at, values in _together(each, attribute)])
    for attribute in ("smooth_loss", *AVERAGED[1:], *EPOCH_CURVES):
        band = [(at, min(values), max(values)) for at, values in _together(each, attribute)]
        if any(low < high for _, low, high in band):
            mean.bands[attribute] = band
    return mean


def _mean(values: Sequence[float]) -> float:
    """Compute the mean: of one value that value, to the last bit."""
    return min(max(fmean(values), min(values)), max(values))


def heading(curves: Sequence[Curves]) -> str:
    """Return the words above curves: whose they are, if generated or means; or nothing."""
    images = "SYNTHETIC images" if len(curves) == 1 and curves[0].synthetic else ""
    words = ", ".join(filter(None, (images, about_means(curves))))
    return f"{curves[0].name}: {words}" if words and len(curves) == 1 else words


def about_means(curves: Sequence[Curves]) -> str:
    """Say what lines and bands are where some are of several runs; or nothing."""
    seeds = sorted({each.seeds for each in curves if each.seeds > 1})
    kinds = {each.kind for each in curves if each.seeds > 1}
    kind = "seeds" if kinds == {"seeds"} else "folds" if kinds == {"folds"} else "seeds or folds"
    count = f"{seeds[0]} {kind}" if len(seeds) == 1 else f"a config's {kind}"
    return f"means of {count}, in a band from the lowest to the highest" if seeds else ""


def _together(each: Sequence[Curves], attribute: str) -> list[tuple[float, list[float]]]:
    """Return the values of all runs at the epochs that all have."""
    points = [dict(getattr(curves, attribute)) for curves in each]
    return [(at, [values[at] for values in points]) for at in points[0] if all(at in values for values in points)]


@dataclass(frozen=True)
class Plan:
    """The length of a run; a `nndl.train.solver.Solver` says the same of itself."""

    steps: int
    steps_per_epoch: int
    epochs: float
    step: int = 0


def plan_of(folder: RunFolder, records: Iterable[Mapping[str, Any]] = ()) -> Plan:
    """Take the plan from the run's config and summary, and exactly from its epochs if one is done; no zeros in it."""
    summary, config = read_summary(folder) or {}, read_config(folder) or {}
    train = config.get("train")
    epochs = finite(train.get("epochs")) if isinstance(train, Mapping) else None
    steps, epochs = int(finite(summary.get("steps")) or 1), epochs or 1
    done = [
        record["step"] // record["epoch"] for record in records if record["kind"] == "epoch" and record["epoch"] > 0
    ]
    per_epoch = max(1, *done) if done else max(1, int(steps / epochs))  # a last one that was broken off has less
    return Plan(max(1, steps), per_epoch, int(epochs) if epochs % 1 == 0 else epochs)


def smoothed(points: Sequence[tuple[float, float]]) -> Points:
    """Average over the nearest SMOOTHING of the points; at the ends over those there are."""
    reach = round(SMOOTHING * len(points) / 2)
    sums = [0.0, *accumulate(y for _, y in points)]
    ends = [(max(0, i - reach), min(len(points), i + reach + 1)) for i in range(len(points))]
    return [
        (x, (sums[last] - sums[first]) / (last - first)) for (x, _), (first, last) in zip(points, ends, strict=True)
    ]


def calm_top(values: Iterable[float]) -> float | None:
    """Return the top for drawing losses: a spike in the first steps would press all the rest to the floor."""
    ordered = sorted(values)
    return 1.05 * ordered[int(0.995 * (len(ordered) - 1))] if ordered else None


def _add(points: Points, at: float, value: Any) -> None:
    number = finite(value)
    if number is not None:
        points.append((at, number))
