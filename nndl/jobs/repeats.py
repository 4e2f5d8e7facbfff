"""Runs of one experiment, a folder each, from several seeds or on all folds: finished, to go on with, or to begin."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nndl.config import Experiment, parse_config
from nndl.config.datasets import parse_fold
from nndl.config.own.using import again
from nndl.config.reading.overrides import Change
from nndl.config.writing.show import as_tree, dump
from nndl.errors import UsageError
from nndl.jobs.build import build
from nndl.jobs.sameness import as_told, changes_between, provenance, recorded
from nndl.jobs.stored import stored_experiment, stored_state
from nndl.runs.files import is_there
from nndl.runs.folder import RunFolder, is_free
from nndl.runs.listing import Row, read_row, read_summary, seconds
from nndl.runs.lock import is_locked


@dataclass(frozen=True)
class Repeat:
    """One of the runs as it stands."""

    kind: str
    """seed or fold: what it has of its own."""
    number: int
    experiment: Experiment
    folder: RunFolder
    row: Row
    summary: dict[str, Any] | None = None
    """The content of its summary.json, where it is finished."""

    @property
    def begun(self) -> bool:
        """True where there is a run, finished or to go on with."""
        return is_there(self.folder.config)


def of_seeds(experiment: Experiment, seeds: int) -> list[Experiment]:
    """Return the experiment with as many seeds, counted up from its own."""
    numbers = range(experiment.seed, experiment.seed + seeds)
    return [experiment.model_copy(update={"seed": seed}) for seed in numbers]


def fold_sets(folds: int, number: int = 1) -> list[str]:
    """Return what a fold of so many sets in a config."""
    return [Change(text, f"--folds {folds}") for text in (f"data.fold={number}/{folds}", "data.validation_size=auto")]


def of_folds(experiment: Experiment, folds: int) -> list[Experiment]:
    """Return the experiment on each fold of so many, checked as a config of its own."""
    text = dump(experiment)
    return [
        parse_config(text, f"fold {number}", fold_sets(folds, number), find=again(experiment))
        for number in range(1, folds + 1)
    ]


def missing_folds(runs: Sequence[RunFolder], sets: Sequence[str] = ()) -> dict[Path, Experiment]:
    """Return, by the folders that they would have, the folds that were never begun of a set whose runs are folds.

    They are trained as the first run is, with the changes `sets`. Empty where its runs are seeds: nothing says of how
    many.
    """
    experiment = stored_experiment(runs[0], sets)
    if experiment.data.fold is None or experiment.data.fold != read_row(runs[0]).fold:
        return {}
    number, folds = parse_fold(experiment.data.fold)
    inside = runs[0].path.parent
    if runs[0].path.name != f"fold-{number}":
        return {}
    text, paths = dump(experiment), {each: inside / f"fold-{each}" for each in range(1, folds + 1)}
    return {
        path: parse_config(text, f"fold {each}", fold_sets(folds, each), find=again(experiment))
        for each, path in paths.items()
        if not is_there(path / "config.yaml")
    }


def repeats(experiments: Sequence[Experiment], inside: Path) -> list[Repeat]:
    """Return the runs inside/fold-1, ... of experiments that are folds, inside/seed-0, ... of those that are none."""
    kind = "fold" if len({each.data.fold for each in experiments}) > 1 else "seed"
    numbers = [
        parse_fold(each.data.fold)[0] if kind == "fold" and each.data.fold else each.seed for each in experiments
    ]
    return [
        _as_it_stands(kind, number, experiment, RunFolder(inside / f"{kind}-{number}"))
        for number, experiment in zip(numbers, experiments, strict=True)
    ]


def _as_it_stands(kind: str, number: int, experiment: Experiment, folder: RunFolder) -> Repeat:
    row, summary = read_row(folder), read_summary(folder)
    if row.status != "finished" or row.test is None or summary is None or seconds(summary.get("seconds")) is None:
        summary = None
    return Repeat(kind, number, experiment, folder, row, summary)


def as_begun(runs: Sequence[Repeat]) -> list[Repeat]:
    """Return the runs with the shards and threads of those begun, where the config leaves them open.

    Several processes settle them by their number, and a set may be gone on with on another.
    """
    begun = next((run.folder for run in runs if run.begun), None)
    return list(runs) if begun is None else [_settled_as(stored_experiment(begun), run) for run in runs]


def _settled_as(there: Experiment, run: Repeat) -> Repeat:
    train, threads = run.experiment.train, run.experiment.threads
    chosen = {
        "train": train.model_copy(update={"shards": train.shards or there.train.shards}),
        "threads": there.threads if threads == "auto" else threads,
    }
    return replace(run, experiment=run.experiment.model_copy(update=chosen))


def refuse_others(runs: Sequence[Repeat], accept_changes: bool = False) -> None:
    """Raise UsageError for a folder that holds anything but the run it is for, as `nndl resume` compares them.

    What such a run was made by (images, versions, engine, threads) may be other than now if `accept_changes`.
    """
    for run in runs:
        if not (run.begun or is_free(run.folder.path)):
            raise UsageError(f"{run.folder.path} is there already and holds no run; choose another --run-dir")
        if run.folder.path.is_symlink():
            raise UsageError(f"{run.folder.path} is a link, which may lead to any run; a set's own are folders in it")
        if is_locked(run.folder.path):
            raise UsageError(f"{run.folder.path} is being trained by another process; wait for it, or stop it first")
    begun = [run for run in runs if run.begun]
    now = provenance(build(begun[0].experiment)) if begun else {}
    for run in begun:
        run.folder.refuse_imported()
        _compare(run.folder, {**now, "config": json.loads(json.dumps(as_tree(run.experiment)))}, accept_changes)


def _compare(folder: RunFolder, now: Mapping[str, Any], accept_changes: bool) -> None:
    written = stored_experiment(folder)
    state = stored_state(folder)
    before = {"config": as_tree(written)} if state is None else recorded(state.info)[0]
    changed = changes_between(before, now)
    lines = "\n".join(f"  {as_told(change)}" for change in changed)
    if any(change.key.startswith("config.") for change in changed):
        raise UsageError(
            f"{folder.path} holds a run of another experiment:\n{lines}\n"
            "give the config and the options that it was begun with, or choose another --run-dir"
        )
    if changed and not accept_changes:
        raise UsageError(
            f"{folder.path} holds a run that was not made as the others would be:\n{lines}\n"
            "put that back as it was, or go on nevertheless with --accept-changes"
        )
