"""A sweep small enough to train in a test."""

from pathlib import Path
from typing import Any

from nndl.jobs.sweeps.standing import record
from nndl.jobs.sweeps.study import Study
from nndl.runs.checkpoint import read_checkpoint

BASE = """\
name: small
engine: vectorized
data: {dataset: synthetic, train_size: 60, test_size: 20, validation_size: 20}
model:
  layers: [avg_pool: 8, conv: 4, relu, affine: 10]
train: {epochs: 3, batch_size: 10, optimizer: adam}
checkpoint: {every: 2 steps}
"""

SWEEP = """\
name: tiny
base: base.yaml
space:
  train.optimizer.adam.learning_rate: {log: [1.0e-4, 1.0e-1]}
  model.layers[1].conv.filters: {integers: [2, 6]}
  train.batch_size: {choose: [10, 20]}
trials: 6
parallel: 3
"""


def write(folder: Path, sweep: str = SWEEP, base: str = BASE) -> Path:
    """The sweep's file, with its base config beside it."""
    (folder / "base.yaml").write_text(base, encoding="utf-8")
    path = folder / "sweep.yaml"
    path.write_text(sweep, encoding="utf-8")
    return path


def table(study: Study) -> list[Any]:
    """Every trial, without what says where it ran."""
    rows = []
    for trial in study.trials():
        told = record(study, trial)
        weights = read_checkpoint(study.path(trial.number) / "last.safetensors")[0]
        arrays = {name: value.tobytes() for name, value in weights.items()}
        rows.append((told["values"], trial.state, trial.values, dict(trial.reports), arrays))
    return rows
