"""Training again, and whether every bit came out the same: what `nndl verify-resume` and `nndl reproduce` do."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nndl.config import Experiment
from nndl.errors import UsageError
from nndl.jobs.build import build
from nndl.jobs.resume import keeping, resume
from nndl.jobs.start import start_run
from nndl.net.types import Array
from nndl.runs.checkpoint import read_checkpoint
from nndl.runs.differences import differences
from nndl.runs.folder import RunFolder
from nndl.runs.lock import lock_run
from nndl.runs.metrics import read_metrics
from nndl.runs.recorder import Keeping, Recorder
from nndl.train.events import StepDone
from nndl.train.solver import Solver

PARTS = {
    "parameters": ("params/",),
    "running statistics": ("buffers/",),
    "optimizer": ("optimizer_",),
    "averages": ("average_",),
    "best weights": ("best/",),
}
"""The parts of a state, by the beginnings of its arrays' names."""

TIMING = ("seconds", "epoch_seconds", "images_per_second")
"""Figures that no two runs have in common."""

STEPS, STOP_AT = 40, 17
"""The steps that prove a resume, and the one after which it is; 17 begins and ends no epoch of the bundled configs."""


@dataclass(frozen=True)
class Part:
    """A part of two states, compared."""

    name: str
    count: int
    """Arrays, or lines of metrics."""
    digests: tuple[str, str]
    """SHA-256 in hex of the one and of the other."""
    first: str | None
    """The first difference; None where there is none."""


def verify_resume(experiment: Experiment, steps: int, stop_at: int, folder: Path) -> list[Part]:
    """Train `steps` steps straight, and again stopped after `stop_at` and resumed from its files; compare the two.

    Both are kept in folders under `folder`. Raises UsageError unless 0 < stop_at < steps <= those of the config.
    """
    built = build(experiment)
    check_steps(built.solver.steps, stop_at, steps)
    straight = start_run(built, folder / "straight")
    train_until(straight, built.solver, keeping(built), steps)
    built = build(experiment)
    parts = start_run(built, folder / "parts")
    train_until(parts, built.solver, keeping(built), stop_at)
    with lock_run(parts.path):
        resumed = resume(parts)
        train_until(parts, resumed.built.solver, resumed.keeping, steps)
    return compare_runs(straight, parts)


def check_steps(steps_there_are: int, stop_at: int, steps: int) -> None:
    """Raise UsageError for steps that make no proof."""
    if steps_there_are < 2:
        raise UsageError("the config has 1 step in all, and a training is stopped between two: give it more epochs")
    if not 1 < steps <= steps_there_are:
        most = (
            f"2 to {steps_there_are:,}, the steps of the config"
            if steps_there_are > 2
            else "2, as many as the config has"
        )
        raise UsageError(f"--steps {steps} should be {most}")
    if not 0 < stop_at < steps:
        most = f"1 to {steps - 1}" if steps > 2 else "1"
        raise UsageError(f"--stop-at {stop_at} should be {most}, before the last of the {steps} steps")


def compare_runs(straight: RunFolder, parts: RunFolder) -> list[Part]:
    """Compare the newest states of two runs, and their metrics."""
    return [*compare_states(straight.last, parts.last), _compare_metrics(straight, parts)]


def steps_and_stop(experiment: Experiment, steps: int | None, stop_at: int | None) -> tuple[int, int]:
    """Return the steps `verify_resume` is to train and to stop after, where they are not given.

    40 or as many as the config has, which is less for a short one; and 17 of 40, or that part of them.
    """
    steps = min(STEPS, build(experiment).solver.steps) if steps is None else steps
    return steps, max(1, STOP_AT * steps // STEPS) if stop_at is None else stop_at


def train_until(folder: RunFolder, solver: Solver, keeping: Keeping, step: int) -> None:
    """Train until `step` is done, the scoring of an epoch that ends with it included, and keep the run."""
    with Recorder(folder, solver, keeping) as recorder:
        for event in solver.events():
            recorder.see(event)
            if event.step >= step and not (isinstance(event, StepDone) and event.step % solver.steps_per_epoch == 0):
                solver.stop()


def compare_states(one: Path, other: Path) -> list[Part]:
    """Compare two saved states part by part, and how far they say they are."""
    (arrays, info), (others, other_info) = read_checkpoint(one), read_checkpoint(other)
    parts = [
        _compare_arrays(name, _beginning(arrays, begin), _beginning(others, begin)) for name, begin in PARTS.items()
    ]
    progress = [[timeless(i) | {"history": [timeless(e) for e in i["history"]]}] for i in (info, other_info)]
    return [*(part for part in parts if part.count), _compare_records("progress", *progress)]


def _beginning(arrays: Mapping[str, Array], begin: tuple[str, ...]) -> dict[str, Array]:
    return {name: arrays[name] for name in sorted(arrays) if name.startswith(begin)}


def _compare_arrays(name: str, one: Mapping[str, Array], other: Mapping[str, Array]) -> Part:
    digests = (_digest(_bytes(one)), _digest(_bytes(other)))
    return Part(name, max(len(one), len(other)), digests, first_difference(one, other))


def _bytes(arrays: Mapping[str, Array]) -> Iterator[bytes]:
    for name, array in arrays.items():
        yield f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode()
        yield array.tobytes()


def _digest(pieces: Iterable[bytes]) -> str:
    sha = hashlib.sha256()
    for piece in pieces:
        sha.update(piece)
    return sha.hexdigest()


def first_difference(one: Mapping[str, Array], other: Mapping[str, Array]) -> str | None:
    """Name the first array that is not the same to the last bit, and by how much it is not; None where all are."""
    for name in sorted({*one, *other}):
        if name not in one or name not in other:
            return f"{name} is in one of them only"
        left, right = one[name], other[name]
        if (left.shape, left.dtype) != (right.shape, right.dtype):
            return f"{name} is {left.dtype} {left.shape} in one and {right.dtype} {right.shape} in the other"
        if left.tobytes() != right.tobytes():
            apart = left != right
            largest = float(np.max(np.abs(left[apart].astype(np.float64) - right[apart]), initial=0))
            return f"{name}: {int(apart.sum()):,} of {left.size:,} numbers differ, by {largest:.3g} at most"
    return None


def _compare_metrics(one: RunFolder, other: RunFolder) -> Part:
    lines = ([timeless(line) for line in read_metrics(folder.metrics)] for folder in (one, other))
    return _compare_records("metrics", *lines)


def _compare_records(name: str, one: list[dict[str, Any]], other: list[dict[str, Any]]) -> Part:
    digests = tuple(_digest(json.dumps(record).encode() for record in records) for records in (one, other))
    first = None
    for left, right in zip(one, other, strict=False):
        found = next(differences(left, right), None)
        if found is not None:
            first = f"{left.get('kind', 'at')} {left['step']}: {found}"
            break
    if first is None and len(one) != len(other):
        first = f"there are {len(one):,} in one and {len(other):,} in the other"
    return Part(name, max(len(one), len(other)), (digests[0], digests[1]), first)


def timeless(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record without the figures that no two runs have in common."""
    return {key: value for key, value in record.items() if key not in TIMING}
