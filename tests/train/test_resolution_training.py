"""A training whose images grow: the same bits however it is broken off, on any engine what the reference does."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from nndl.config import Experiment, parse_config
from nndl.config.build import build
from nndl.data.resolution import Resolution
from nndl.engines import available
from nndl.errors import CheckpointError
from nndl.jobs.replay import first_difference, verify_resume
from nndl.train.evaluate import Result
from nndl.train.solver import Solver

CONFIG = """\
name: growing
engine: {engine}
threads: 1
data: {{dataset: synthetic, train_size: 60, test_size: 20, validation_size: 20, augment: [flip, crop: 2]}}
model:
  layers:
    - avg_pool: 2
    - conv: 6
    - spatial_bn
    - relu
    - max_pool: 2
    - conv: 4
    - spatial_bn: {{momentum: 0.5}}
    - dropout: {{keep: 0.8}}
    - global_max_pool
    - affine: 10
train:
  epochs: 3
  batch_size: 10
  optimizer: sgd_momentum
  average: {average}
  {more}
  resolution: {{schedule: [[0, 16], [0.35, 24], [0.7, 32]]}}
checkpoint: {{every: 3 steps, keep: 3}}
"""
STEPS, CHANGES = 12, (4, 8)


def experiment(engine: str = "vectorized", average: str = "{ema: 0.9}", more: str = "shuffle: 0") -> Experiment:
    text = CONFIG.format(engine=engine, average=average, more=more)
    return parse_config(text.replace("  shuffle: 0\n", ""), "growing.yaml")


def train(solver: Solver, until: int = STEPS) -> list[tuple[int, ...]]:
    """Train until a step is done, the scoring of its epoch included; returns the shapes that were trained at."""
    shapes = []
    for event in solver.events():
        shapes.append(solver.network.trained_at)
        if event.step >= until:
            solver.stop()
    return shapes


def test_each_step_has_its_size_and_is_scored_at_the_full_one() -> None:
    solver = build(experiment()).solver
    sizes = {}
    for event in solver.events():
        sizes[event.step] = solver.network.trained_at[1]
    assert [sizes[step] for step in range(1, STEPS + 1)] == [16] * 4 + [24] * 4 + [32] * 4


@pytest.mark.parametrize("average", ["{ema: 0.9}", "{lookahead: 2}", "null"])
def test_a_state_of_any_step_goes_on_to_the_same_bits(average: str) -> None:
    straight = build(experiment(average=average)).solver
    train(straight)
    arrays, info = straight.state()
    for stop in range(1, STEPS):
        first = build(experiment(average=average)).solver
        train(first, stop)
        second = build(experiment(average=average)).solver
        second.restore(*first.state())
        train(second)
        others, other = second.state()
        assert first_difference(arrays, others) is None, stop
        assert [epoch.validation_loss for epoch in second.history] == [
            epoch["validation_loss"] for epoch in info["history"]
        ]
        assert other.get("trained_at") == info.get("trained_at")


@pytest.mark.parametrize("stop", [3, 4, 5, 8, 9])
def test_a_run_broken_off_before_at_and_after_a_change_is_resumed_bit_for_bit(stop: int, tmp_path: Path) -> None:
    parts = verify_resume(experiment(), STEPS, stop, tmp_path)
    assert {part.name: part.first for part in parts if part.first} == {}


@pytest.mark.parametrize("average", ["{ema: 0.99}", "{lookahead: 2}", "null"])
def test_the_running_statistics_at_the_end_hold_nothing_of_smaller_images(average: str) -> None:
    """Statistics spoilt before the first step at the full size leave no trace."""
    ends = []
    for spoilt in (0.0, 1e6):
        solver = build(experiment(average=average)).solver
        train(solver, CHANGES[-1])
        solver.network.buffers.vector[:] += spoilt
        if solver.learner.averaged:
            solver.learner.averaged.buffers.vector[:] += spoilt
        solver._stop_asked = False
        train(solver)
        ends.append({name: array for name, array in solver.weights().items() if name.startswith("buffers/")})
    assert first_difference(*ends) is None


@dataclass
class Scores:
    """An evaluator that gives each epoch the accuracy that is next."""

    accuracies: list[float]
    batch_size: int = 10

    def __call__(self, *_: object) -> Result:
        right = round(100 * self.accuracies.pop(0))
        return Result(0.0, np.array([[right, 100 - right], [0, 0]]), 1.0)


@pytest.mark.parametrize("broken_off", [False, True])
def test_the_best_epoch_is_none_of_small_images_once_there_is_another(broken_off: bool) -> None:
    """Epochs end at 16, 24, 32, 32; then training is lengthened, and images are small again."""
    accuracies, best = [0.5, 0.9, 0.3, 0.4, 0.95, 0.35, 0.6], [True, True, True, True, False, False, True]
    made = experiment(more="shuffle: 0")
    stages = Resolution(stages=((0.0, 16), (0.25, 24), (0.5, 32)))
    planned = made.train.model_copy(update={"epochs": 4, "average": None, "resolution": stages})
    made = made.model_copy(update={"train": planned})
    solver = build(made).solver
    solver.validation = Scores(accuracies)  # type: ignore[assignment]
    train(solver, 16 if not broken_off else 8)
    state = solver.state()
    solver = build(made).solver
    solver.restore(*state)
    solver.validation = Scores(accuracies)  # type: ignore[assignment]
    train(solver, 16)
    solver._stop_asked = False
    solver.train_for(7)
    solver.batches.resize = Resolution(stages=((0.0, 16), (0.8, 32))).at(28)  # type: ignore[attr-defined]
    list(solver.events())
    assert [epoch.is_best for epoch in solver.history] == best


@pytest.mark.parametrize("engine", [engine for engine in available() if engine not in ("reference", "compiled_bf16")])
def test_every_engine_trains_what_the_reference_does(engine: str) -> None:
    weights = []
    for name in ("reference", engine):
        solver = build(experiment(name)).solver
        train(solver)
        weights.append(solver.weights())
    for name, expected in weights[0].items():
        np.testing.assert_allclose(weights[1][name], expected, rtol=1e-3, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("statistics", ["shard", "batch"])
def test_in_shards_too(statistics: str, tmp_path: Path) -> None:
    made = experiment(more=f"shards: 3\n  shard_statistics: {statistics}")
    assert {part.name: part.first for part in verify_resume(made, STEPS, 6, tmp_path) if part.first} == {}


def test_statistics_of_shards_over_the_batch_are_those_of_the_batch_whole() -> None:
    ends = []
    for more in ("shuffle: 0", "shards: 3\n  shard_statistics: batch"):
        solver = build(experiment(more=more)).solver
        train(solver)
        ends.append(solver.weights())
    for name, expected in ends[0].items():
        np.testing.assert_allclose(ends[1][name], expected, rtol=1e-3, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("step", [None, "3", 2.0, True])
def test_a_state_whose_epochs_end_at_no_step_is_damaged(step: object) -> None:
    solver = build(experiment()).solver
    train(solver)
    arrays, info = solver.state()
    info["history"][0]["step"] = step
    with pytest.raises(CheckpointError, match="damaged: its history cannot be read"):
        build(experiment()).solver.restore(arrays, info)


def test_a_state_that_was_trained_at_no_shape_is_damaged() -> None:
    solver = build(experiment()).solver
    train(solver, 2)
    arrays, info = solver.state()
    assert info["trained_at"] == [3, 16, 16]
    with pytest.raises(CheckpointError, match="damaged: its trained_at is"):
        build(experiment()).solver.restore(arrays, info | {"trained_at": [3, -16, "a"]})
