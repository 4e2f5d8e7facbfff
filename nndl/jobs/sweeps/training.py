"""Training a trial: begun, or gone on with from its newest state; and what its runs say of the objectives."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean
from typing import Any

from nndl.config import Experiment
from nndl.config.build import Built
from nndl.config.reading.overrides import settings
from nndl.errors import TrainingError
from nndl.jobs.budget import within_budget
from nndl.jobs.build import build
from nndl.jobs.resume import Wanted, keeping, resume
from nndl.jobs.start import start_run
from nndl.jobs.stored import stored_experiment
from nndl.jobs.sweeps.schema import Sweep
from nndl.net.shapes import infer_shapes
from nndl.net.summary import layer_rows, totals
from nndl.runs.files import is_there
from nndl.runs.folder import RunFolder
from nndl.runs.listing import read_summary
from nndl.runs.metrics import candidates, read_metrics
from nndl.runs.training import keep_run
from nndl.train.events import EpochDone, Event
from nndl.train.solver import Solver

Prune = Callable[[int, float], bool]
"""prune(epoch, value): whether the training is to end after this epoch, whose objective is value."""


def run_folders(path: Path, sweep: Sweep, seed: int) -> dict[int, RunFolder]:
    """Return a trial's runs by their seeds: the trial's own folder, or with several seeds one folder in it for each."""
    if sweep.seeds == 1:
        return {seed: RunFolder(path)}
    return {each: RunFolder(path / f"seed-{each}") for each in range(seed, seed + sweep.seeds)}


def train_run(
    experiment: Experiment, folder: RunFolder, prune: Prune, objective: str, seen: Callable[[Solver], None]
) -> str:
    """Train one run to its end, from where it stands; returns finished, pruned or stopped.

    seen is given the solver before the first step, to stop it by.
    """
    built, keep = _going_on(experiment, folder)
    solver = built.solver
    seen(solver)
    ended = False

    def watch(event: Event) -> None:
        nonlocal ended
        if isinstance(event, EpochDone) and event.epoch < solver.epochs:
            ended = ended or prune(event.epoch, objective_after(event, objective))
            if ended:
                solver.stop()

    for epoch in solver.history:  # decided before, or left undecided by a process that was killed just then
        watch(epoch)
    if ended:
        return "pruned"
    summary = keep_run(folder, solver, built.test, built.split.dataset.classes, watch, keep)
    return "finished" if summary["status"] == "finished" else "pruned" if ended else "stopped"


def _going_on(experiment: Experiment, folder: RunFolder) -> tuple[Built, Any]:
    if is_there(folder.config):
        here = settings(data=Path(experiment.data.root))
        resumed = resume(folder, Wanted(here))
        return resumed.built, resumed.keeping
    built = build(within_budget(experiment))
    start_run(built, folder.path)
    return built, keeping(built)


def objective_after(epoch: EpochDone, objective: str) -> float:
    """Return the objective as it stands after an epoch."""
    value = epoch.validation_loss if objective == "validation_loss" else epoch.validation_accuracy
    if value is None:
        raise TrainingError("the training validates nothing, so there is nothing to judge it by")
    return float(value)


def epochs_of(folder: RunFolder) -> list[dict[str, Any]]:
    """Read the records of epochs among a run's metrics."""
    return [line for line in read_metrics(folder.metrics, steps=False) if line["kind"] == "epoch"]


def objectives(sweep: Sweep, folders: Mapping[int, RunFolder]) -> list[float]:
    """Return the sweep's objectives of finished runs, each the mean over the seeds."""
    return [mean(_objective(name, folder) for folder in folders.values()) for name in sweep.objective]


def _objective(name: str, folder: RunFolder) -> float:
    epochs = candidates(epochs_of(folder))
    if name == "validation_accuracy":
        return float(max(epoch["validation_accuracy"] for epoch in epochs))
    if name == "validation_loss":
        return float(min(epoch["validation_loss"] for epoch in epochs))
    if name == "seconds":
        return float((read_summary(folder) or {})["seconds"])
    experiment = stored_experiment(folder)
    placed = infer_shapes(experiment.model.layers, experiment.data.input_shape)
    return float(totals(layer_rows(placed, 4))["macs" if name == "multiply_adds" else "parameters"])


def digest_of_losses(folders: Mapping[int, RunFolder]) -> str:
    """Return a fingerprint of every epoch's training loss: equal for trainings that were the same."""
    losses = [[epoch["train_loss"] for epoch in epochs_of(folder)] for folder in folders.values()]
    return hashlib.sha256(json.dumps(losses).encode()).hexdigest()[:16]
