"""A run small enough to train in a test, through everything that a real one goes through."""

from pathlib import Path

from nndl.config import Experiment, parse_config
from nndl.config.build import build
from nndl.jobs.replay import train_until
from nndl.jobs.resume import keeping
from nndl.jobs.start import start_run
from nndl.runs.folder import RunFolder

CONFIG = """\
name: small
engine: {engine}
threads: 1
data: {{dataset: synthetic, train_size: 60, test_size: 20, validation_size: 20, augment: [flip]}}
model:
  layers: [avg_pool: 8, conv: 4, spatial_bn, relu, dropout: {{keep: 0.8}}, affine: 10]
train:
  epochs: 3
  batch_size: 10
  optimizer: adam
  average: {{ema: 0.9}}
  schedule: {schedule}
checkpoint: {{every: 3 steps, keep: 3}}
"""
STEPS = 12
"""Four in an epoch."""


def config(engine: str = "vectorized", schedule: str = "cosine") -> str:
    """The text of its config; its data is generated."""
    return CONFIG.format(engine=engine, schedule=schedule)


def experiment(engine: str = "vectorized", schedule: str = "cosine") -> Experiment:
    """The experiment that the config describes."""
    return parse_config(config(engine, schedule), "small.yaml")


def trained(folder: Path, until: int = STEPS, schedule: str = "cosine") -> RunFolder:
    """A run stopped after `until` of its steps, without a test at its end."""
    built = build(experiment(schedule=schedule))
    run = start_run(built, folder)
    train_until(run, built.solver, keeping(built), until)
    return run
