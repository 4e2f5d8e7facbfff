"""Runs of one experiment from several seeds, a folder each: which are finished, to go on with, or to begin."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nndl.config import Experiment
from nndl.config.build import build
from nndl.config.writing.show import as_tree
from nndl.errors import UsageError
from nndl.jobs.sameness import as_told, changes_between, provenance
from nndl.jobs.stored import stored_experiment, stored_state
from nndl.runs.files import is_there
from nndl.runs.folder import RunFolder, is_free
from nndl.runs.listing import read_row, read_summary, seconds
from nndl.runs.lock import is_locked


@dataclass(frozen=True)
class SeedRun:
    """The run of one seed as it stands."""

    seed: int
    folder: RunFolder
    summary: dict[str, Any] | None = None
    """The content of its summary.json, where it is finished."""

    @property
    def begun(self) -> bool:
        """True where there is a run, finished or to go on with."""
        return is_there(self.folder.config)


def seed_runs(experiment: Experiment, seeds: int, inside: Path) -> list[SeedRun]:
    """List the runs inside/seed-0, inside/seed-1, ..., counted up from the experiment's seed."""
    numbers = range(experiment.seed, experiment.seed + seeds)
    folders = [(seed, RunFolder(inside / f"seed-{seed}")) for seed in numbers]
    return [SeedRun(seed, folder, _summary(folder)) for seed, folder in folders]


def _summary(folder: RunFolder) -> dict[str, Any] | None:
    row, summary = read_row(folder), read_summary(folder)
    if row.status != "finished" or row.test is None or summary is None:
        return None
    return summary if seconds(summary.get("seconds")) is not None else None


def refuse_others(runs: list[SeedRun], experiment: Experiment, accept_changes: bool = False) -> None:
    """Raise UsageError for a folder that holds anything but a run of the experiment, as `nndl resume` compares them.

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
    now = provenance(build(experiment)) if begun else {}
    for run in begun:
        run.folder.refuse_imported()
        _compare(run.folder, {**now, "config": {**now["config"], "seed": run.seed}}, accept_changes)


def _compare(folder: RunFolder, now: Mapping[str, Any], accept_changes: bool) -> None:
    written = stored_experiment(folder)
    state = stored_state(folder)
    before = {"config": as_tree(written)} if state is None else state.info.get("about", {})
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
