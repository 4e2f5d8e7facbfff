"""All that changes how a network is trained, at once: stopped and gone on with after every step, to the same bits."""

from pathlib import Path

import pytest

from nndl.config import Experiment, parse_config
from nndl.config.build import build
from nndl.jobs.replay import compare_runs, train_until
from nndl.jobs.resume import keeping, resume
from nndl.jobs.start import start_run
from nndl.runs.folder import RunFolder
from nndl.runs.lock import lock_run

CONFIG = """\
name: parts
engine: vectorized
threads: 1
data: {{dataset: synthetic, train_size: 60, test_size: 20, {data}}}
model:
  layers: [avg_pool: 8, conv: 4, spatial_bn, relu, dropout: {{keep: 0.8}}, affine: 10]
  loss: {loss}
train: {{epochs: 2.5, batch_size: 5, {train}}}
checkpoint: {{every: 2 steps, keep: 2}}
"""
TOGETHER = {
    "lion, restarts, swa by steps": {
        "data": "validation_size: 20, sampling: balanced, augment: [flip]",
        "loss": "softmax",
        "train": "optimizer: lion, schedule: {warm_restarts: 0.5}, accumulate: 2, "
        "average: {swa: {start: 0.3, every: 1 step, learning_rate: 1e-3, anneal_epochs: 0.5}}",
    },
    "sgd as pytorch's, plateau, swa by epochs": {
        "data": "fold: 2/4, sampling: [1, 2, 1, 1, 1, 1, 1, 1, 1, 3], mix: [mixup: 0.5], augment: [flip]",
        "loss": "{softmax: {label_smoothing: 0.1}}",
        "train": "optimizer: {sgd_pytorch: {momentum: 0.9, dampening: 0.3, weight_decay: 1e-3}}, accumulate: 3, "
        "shards: 2, schedule: {plateau: {factor: 0.5, patience: 0, threshold: 0.5}}, average: {swa: 0.2}, "
        "class_weights: balanced",
    },
    "statistics of the whole step": {
        "data": "validation_size: 20",
        "loss": "svm",
        "train": "accumulate: 2, shard_statistics: batch, drop_last: true, warmup_epochs: 1, clip_norm: 1.0, l2: 1e-3, "
        "class_weights: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], schedule: {plateau: {by: loss, patience: 0, threshold: 0.5}}",
    },
}


def begun(experiment: Experiment, folder: Path, until: int) -> RunFolder:
    built = build(experiment)
    run = start_run(built, folder)
    train_until(run, built.solver, keeping(built), until)
    return run


@pytest.mark.parametrize("values", TOGETHER.values(), ids=list(TOGETHER))
def test_gone_on_with_after_every_step_it_ends_in_the_same_bits(tmp_path: Path, values: dict[str, str]) -> None:
    experiment = parse_config(CONFIG.format(**values), "parts.yaml")
    steps = build(experiment).solver.steps
    straight, parts = begun(experiment, tmp_path / "straight", steps), begun(experiment, tmp_path / "parts", 1)
    for step in range(2, steps + 1):
        with lock_run(parts.path):
            resumed = resume(parts)
            assert resumed.notes == []
            train_until(parts, resumed.built.solver, resumed.keeping, step)
    assert {part.name: part.first for part in compare_runs(straight, parts) if part.first} == {}
    assert steps >= 8
