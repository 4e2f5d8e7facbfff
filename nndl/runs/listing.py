"""The listing of runs: a row for each, as its files tell it, whole or damaged, of this version or another."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from nndl.errors import UsageError
from nndl.paths import resolved
from nndl.runs.files import ForeignFileError, is_there, read_bounded
from nndl.runs.folder import RunFolder, run_names, runs_root
from nndl.runs.metrics import candidates, read_metrics
from nndl.runs.plain import parse_yaml, read_json

FOLD = re.compile(r"[0-9]{1,4}/[0-9]{1,4}")
MEMBER = re.compile(r"(seed|fold|trial)-\d+")
"""Names of runs that stand in one folder with others of their config."""
MOST_WORDS = 200
"""Characters of why a file cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One run. None stands for what is not known; accuracies are shares of 1."""

    name: str
    status: str
    """As `RunFolder.status` says, or damaged."""
    config: str | None
    """The experiment's name."""
    dataset: str | None
    seed: int | None
    fold: str | None
    """The part of its images that it holds out, 2/5; None where they were not cut into folds."""
    epochs: float
    """Done so far; whole but for the last, of which there may be only a part."""
    of_epochs: float | None
    best_validation: float | None
    last_validation: float | None
    """The accuracy on the validation images after the last epoch."""
    test: float | None
    """Accuracy on the test set with the best weights."""
    seconds: float | None
    """In training steps."""
    begun: float
    """The time at which its config was written, in seconds since 1970."""
    folder: str
    signs: str = ""
    """The names of what was wrong with the training, in the order in which it was noticed."""
    tree: Mapping[str, Any] = field(repr=False, compare=False)
    """The config."""
    faults: tuple[str, ...] = field(default=(), compare=False)
    """The files of it that cannot be read, and why."""

    def record(self) -> dict[str, Any]:
        """Return the values that a table or JSON shows."""
        return {name: value for name, value in vars(self).items() if name not in ("tree", "faults")}

    @property
    def images(self) -> str:
        """CIFAR-10, CIFAR-100, SYNTHETIC, or the folder's or file's name of others: what it learnt from."""
        names = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "synthetic": "SYNTHETIC"}
        if self.dataset in names:
            return names[self.dataset]
        root = _text(_at(self.tree, "data", "root")) if self.dataset else None
        return PurePath(root).name if root else self.dataset or "unknown"

    @property
    def on_synthetic(self) -> str:
        """The words that a sentence with its results must add, or nothing."""
        return " on SYNTHETIC images" if self.images == "SYNTHETIC" else ""


def in_short(epochs: float) -> str:
    """Write a number of epochs to three figures: 8.47887 -> "8.48", 30.0 -> "30"."""
    return f"{epochs:.0f}" if epochs >= 1000 or epochs % 1 == 0 else f"{epochs:.3g}"


LONGEST = 1e10
"""Seconds: three hundred years."""

SORTS = tuple(
    name for name in Row.__dataclass_fields__ if name not in ("tree", "faults", "folder", "of_epochs", "signs")
)
DOWNWARDS = ("best_validation", "test", "begun", "epochs", "seconds")
"""Sorted by these, the highest come first."""


def list_runs(runs: Path | None = None) -> list[Row]:
    """List a row for each run under `runs`, newest first; those in folders too (`--run-dir runs/trials --seeds 3`)."""
    runs = runs or runs_root()
    rows = [replace(read_row(RunFolder(runs / name)), name=name) for name in run_names(runs)]
    return sort_rows(rows, "begun")


def sort_rows(rows: Sequence[Row], key: str) -> list[Row]:
    """Sort the rows by one of SORTS, those that have no value last. Raises UsageError for another key."""
    if key not in SORTS:
        raise UsageError(f"runs are sorted by {', '.join(SORTS)}, not {key!r}")
    known = sorted((row for row in rows if getattr(row, key) is not None), key=lambda row: row.name)
    known.sort(key=lambda row: getattr(row, key), reverse=key in DOWNWARDS)
    return known + sorted((row for row in rows if getattr(row, key) is None), key=lambda row: row.name)


def read_row(folder: RunFolder) -> Row:
    """Read the row that a run's files tell. Nothing in them makes it fail."""
    faults: list[str] = []
    tree, summary = read_config(folder, faults), read_summary(folder, faults)
    epochs, signs = _epochs_and_signs(folder, faults)
    spent = [seconds(epoch.get("seconds")) or 0.0 for epoch in epochs]
    done, of_epochs = max((epoch["epoch"] for epoch in epochs), default=0), finite(_at(tree, "train", "epochs"))
    begun = 0.0
    with suppress(OSError):
        begun = folder.config.lstat().st_mtime
    return Row(
        name=name_of(folder),
        status="damaged" if faults else folder.status(),
        config=_text(_at(tree, "name")),
        dataset=_text(_at(tree, "data", "dataset")),
        seed=_whole(_at(tree, "seed")),
        fold=_fold(_at(tree, "data", "fold")),
        epochs=done if of_epochs is None else min(done, of_epochs),
        of_epochs=of_epochs,
        best_validation=max((value for value in map(_accuracy, candidates(epochs)) if value is not None), default=None),
        last_validation=_accuracy(epochs[-1]) if epochs else None,
        test=share(_at(summary, "test", "best", "accuracy")),
        seconds=seconds(_at(summary, "seconds")) or (sum(spent) if spent else None),
        begun=begun,
        folder=str(folder.path),
        signs=signs,
        tree=tree or {},
        faults=tuple(faults),
    )


def _accuracy(epoch: Mapping[str, Any]) -> float | None:
    return share(epoch.get("validation_accuracy"))


def _fold(value: Any) -> str | None:
    return value if isinstance(value, str) and FOLD.fullmatch(value) else None


def name_of(folder: RunFolder) -> str:
    """Return its folder's name; of one of a config's several seeds with the name of theirs in front, ninety/seed-0."""
    path = resolved(folder.path)
    name = path.name
    while MEMBER.fullmatch(path.name) and path.parent.name:
        path = path.parent
        name = f"{path.name}/{name}"
    return name


def read_config(folder: RunFolder, faults: list[str] | None = None) -> dict[str, Any] | None:
    """Read the config as it is written, so that those of other versions are read too; None where it is unreadable.

    What is wrong with it is added to `faults`.
    """
    tree = None
    with _told(folder.config, faults):
        tree = _mapping(parse_yaml(read_bounded(folder.config).decode("utf-8")))
    return tree


def read_summary(folder: RunFolder, faults: list[str] | None = None) -> dict[str, Any] | None:
    """Read the summary: empty where there is none, as after a kill in the first moment; None where it is unreadable.

    What is wrong with it is added to `faults`.
    """
    summary = None
    with _told(folder.summary, faults):
        summary = _mapping(read_json(folder.summary)) if is_there(folder.summary) else {}
    return summary


def _epochs_and_signs(folder: RunFolder, faults: list[str]) -> tuple[list[dict[str, Any]], str]:
    """Read the epochs, and the names of the signs that something was wrong."""
    epochs: list[dict[str, Any]] = []
    signs: dict[str, None] = {}
    with _told(folder.metrics, faults):
        for record in read_metrics(folder.metrics, steps=False) if is_there(folder.metrics) else ():
            if record["kind"] == "epoch":
                epochs.append(record)
            elif record["kind"] == "noticed" and (sign := _text(record.get("sign"))):
                signs[sign] = None
    return epochs, ", ".join(signs)


def _mapping(content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise ValueError("it holds no names with values")
    return content


@contextmanager
def _told(path: Path, faults: list[str] | None) -> Iterator[None]:
    """Add to `faults` why a file cannot be read, within, instead of raising it."""
    try:
        yield
    except ForeignFileError as error:
        (faults if faults is not None else []).append(str(error))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())[:MOST_WORDS]
        (faults if faults is not None else []).append(f"{path} cannot be read: {why}")


def _at(tree: Any, *keys: str) -> Any:
    for key in keys:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def finite(value: Any) -> float | None:
    """Return a number out of JSON, or None for what is none or not finite."""
    right = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if right else None


def share(value: Any) -> float | None:
    """Return an accuracy out of JSON, a share of 1, or None for what is none."""
    number = finite(value)
    return number if number is not None and 0 <= number <= 1 else None


def seconds(value: Any) -> float | None:
    """Return a time out of JSON, or None for what is none: negative, or longer than anything was ever trained."""
    number = finite(value)
    return number if number is not None and 0 <= number <= LONGEST else None


def flattened(tree: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the places of a config in dots, each with its value; a list is one value, as JSON."""
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            yield from flattened(value, f"{key}.{name}" if key else str(name))
    else:
        yield key, json.dumps(tree, default=str) if isinstance(tree, list) else tree
