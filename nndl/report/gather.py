"""The facts of a report on a run: from its folder, and from its data set where that is still there."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from nndl.errors import NndlError
from nndl.jobs.trained import Run, load_run
from nndl.net.catalog.conv import Conv
from nndl.net.types import Array
from nndl.own.trust import UntrustedError
from nndl.runs.comparing import distinct_names
from nndl.runs.curves import Curves, read_curves
from nndl.runs.files import read_bounded
from nndl.runs.folder import RunFolder
from nndl.runs.listing import Row, read_row, read_summary, share
from nndl.runs.metrics import is_count, read_metrics
from nndl.runs.noticed import read_noticed
from nndl.train.calibration import softmax
from nndl.train.evaluate import Result, result_of
from nndl.train.events import Noticed

MISTAKES = 24
STATUS = {
    "running": "This run is still training",
    "interrupted": "This run was interrupted and can be resumed",
    "failed": "This run failed; its error is in log.txt",
    "died": "This run ended without a word (killed, or the power went) and can be resumed",
    "imported": "This run's weights were imported, not trained here",
    "damaged": "This run's folder is damaged",
}


@dataclass(frozen=True)
class Mistake:
    """An image that was taken for something else."""

    image: Array
    """uint8 (C, H, W)"""
    true: str
    taken_for: str
    sure: float
    """The probability given to `taken_for`."""


@dataclass
class Facts:
    """The facts of one run. What could not be had is None or empty, and `notes` say why."""

    folder: RunFolder
    row: Row
    curves: Curves
    summary: Mapping[str, Any]
    config: str
    environment: Mapping[str, Any]
    statistics: list[dict[str, Any]]
    noticed: list[Noticed] = field(default_factory=list)
    """Signs that something was wrong with the training."""
    notes: list[str] = field(default_factory=list)
    classes: tuple[str, ...] = ()
    result: Result | None = None
    """The test set scored with the best weights, for this report."""
    mistakes: list[Mistake] = field(default_factory=list)
    """The most confident ones."""
    filters: Array | None = None
    """The first layer's (F, C, HH, WW), where it is a convolution."""
    parameters: int | None = None
    tta: str = "none"

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def images_per_second(self) -> float | None:
        """Return the median over the training's steps."""
        speeds = [speed for _, speed in self.curves.images_per_second]
        return median(speeds) if speeds else None

    @property
    def test(self) -> Mapping[str, Any]:
        """Return the summary's figures on the test set with the best weights; empty where there are none."""
        test = self.summary.get("test")
        best = test.get("best") if isinstance(test, Mapping) else None
        return best if isinstance(best, Mapping) else {}

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the interval of 95 % confidence of the test accuracy, or None where there is none."""
        if self.result is not None:
            return self.result.interval
        said = self.test.get("interval95")
        below, above = map(share, said) if isinstance(said, list) and len(said) == 2 else (None, None)
        return None if below is None or above is None or below > above else (below, above)

    @property
    def confusion(self) -> Array | None:
        """Return how many test images (C, C) of each class were taken for which, or None where that is not known."""
        if self.result is not None:
            return self.result.confusion
        said, count = self.test.get("confusion"), len(self.classes)
        if not isinstance(said, list) or len(said) != count or not count:
            return None
        rows = [row for row in said if isinstance(row, list) and len(row) == count and all(map(is_count, row))]
        return np.array(rows) if len(rows) == count else None


def gather(folder: RunFolder, data: Path | None = None) -> Facts:
    """Gather all facts that can be had. `data`: the folder of the data set, if not where the run found it."""
    facts = Facts(
        folder,
        read_row(folder),
        read_curves(folder),
        read_summary(folder) or {},
        _text(folder.config),
        _environment(folder),
        _statistics(folder),
        read_noticed(folder),
    )
    status = facts.row.status
    if status != "finished":
        facts.notes.append(f"{STATUS.get(status, f'This run is {status}')}: what follows is what there is of it.")
    try:
        run = load_run(folder.path)
    except UntrustedError as error:
        facts.notes.append(f"Nothing could be scored: {' '.join(str(error).split())}.")
        return facts
    except (NndlError, OSError, ValueError) as error:
        facts.notes.append(f"Its weights cannot be loaded ({_first_line(error)}), so nothing could be scored.")
        return facts
    if run.weights == "last":
        facts.notes.append(
            f"No epoch has ended, so none is the best: the last weights are scored, of step {run.step:,}."
        )
    facts.classes, facts.parameters, facts.filters = run.classes, run.network.params.size, _filters(run)
    try:
        _score(facts, run, data)
    except (NndlError, OSError) as error:
        facts.notes.append(
            f"Its images are not to be had ({_first_line(error)}), so pictures and calibration are missing; "
            "nndl report --data FOLDER tells where they are."
        )
    return facts


def gather_all(folders: Sequence[RunFolder], data: Path | None, say: Callable[[str], None]) -> list[Facts]:
    """Gather the facts of each run, by names that tell them apart; `say` is told before each is scored."""
    runs = []
    for folder in folders:
        say(f"scoring {folder.path}")
        runs.append(gather(folder, data))
    for facts, name in zip(runs, distinct_names([facts.row for facts in runs]), strict=True):
        facts.row = replace(facts.row, name=name)
    return runs


def _score(facts: Facts, run: Run, data: Path | None) -> None:
    """Score the test images once; all figures and the mistakes come from these scores."""
    split = run.split(data)
    if not run.learnt_from(split):
        facts.notes.append("The images found now are not those the run was trained with: their checksum differs.")
    facts.tta = run.experiment.train.tta
    test = split.test
    scores = run.scores(test.images, run.experiment.train.tta)
    facts.result = result_of([(scores, test.labels)], run.network.loss_function)
    facts.mistakes = _mistakes(scores, test.images, test.labels, run.classes)


def _mistakes(scores: Array, images: Array, y: Array, classes: tuple[str, ...]) -> list[Mistake]:
    probabilities = softmax(scores)
    taken = np.argmax(scores, axis=1)
    sure = np.where(taken != y, probabilities[np.arange(len(y)), taken], -1.0)
    worst = np.argsort(-sure, kind="stable")[:MISTAKES]
    return [
        Mistake(images[i], classes[int(y[i])], classes[int(taken[i])], float(sure[i])) for i in worst if sure[i] >= 0
    ]


def _filters(run: Run) -> Array | None:
    first = run.network.placed[0]
    return np.array(run.network.params[f"{first.path}.w"]) if isinstance(first.layer, Conv) else None


def _statistics(folder: RunFolder) -> list[dict[str, Any]]:
    with contextlib.suppress(OSError):
        return [record for record in read_metrics(folder.metrics, steps=False) if record["kind"] == "statistics"]
    return []


def _environment(folder: RunFolder) -> Mapping[str, Any]:
    with contextlib.suppress(NndlError):
        return folder.read_environment()
    return {}


def _text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return read_bounded(path).decode("utf-8", errors="replace")
    return ""


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
