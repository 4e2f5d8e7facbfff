"""A run trained again is the same, or the first line and tensor that differ are named."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nndl.config import parse_config
from nndl.config.build import build
from nndl.errors import CheckpointError, UsageError
from nndl.jobs.replay import train_until
from nndl.jobs.reproduce import Reproduction, reproduce
from nndl.jobs.resume import Wanted, keeping, resume
from nndl.jobs.start import start_run
from nndl.runs.checkpoint import read_checkpoint, write_checkpoint
from nndl.runs.curves import Plan
from nndl.runs.folder import RunFolder
from nndl.train.events import Event
from nndl.train.solver import Solver
from tests.small_run import STEPS, config, trained


def again(folder: RunFolder, plans: list[Plan] | None = None) -> Reproduction:
    def watch(solver: Solver, plan: Plan) -> Callable[[Event], None]:
        assert (plan.step, plan.steps_per_epoch) == (solver.step, solver.steps_per_epoch)
        if plans is not None:
            plans.append(plan)
        return lambda _: None

    before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    result = reproduce(folder, watch)
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == before
    return result


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return trained(tmp_path / "run")


def test_a_run_is_repeated_to_the_last_bit(run: RunFolder) -> None:
    result = again(run)
    assert result.identical
    assert (result.steps, result.lines, result.differs) == (STEPS, STEPS + 3, [])
    assert {"best.safetensors", "last.safetensors", "step-9.safetensors"} <= set(result.files)


def test_a_run_that_was_stopped_extended_or_stands_in_mid_epoch_is_repeated_too(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", 7)
    assert again(run).identical
    resumed = resume(run, Wanted(epochs=2))
    train_until(run, resumed.built.solver, resumed.keeping, 99)
    resumed = resume(run, Wanted(epochs=4))
    train_until(run, resumed.built.solver, resumed.keeping, 14)
    plans: list[Plan] = []
    result = again(run, plans)
    assert (result.identical, result.steps) == (True, 14)
    assert [(plan.steps, plan.epochs) for plan in plans] == [(14, 4)]  # of the run as it came to be, not as it began


@pytest.mark.parametrize("until", [5, 8])
@pytest.mark.parametrize(
    "counts_in_shares",
    [
        "resolution: {schedule: [[0, 8], [0.5, 12], [0.7, 32]]}",
        "groups: [{match: 'conv1.*', freeze_last: 0.4}]",
        "groups: [{match: 'conv1.*', freeze_after: 2.6, falling: true}]",
    ],
)
def test_what_counts_in_shares_of_training_follows_epochs_that_were_added(
    tmp_path: Path, counts_in_shares: str, until: int
) -> None:
    small = "avg_pool: 8, conv: 4, spatial_bn, relu, dropout: {keep: 0.8}"
    text = config().replace(small, "conv: {filters: 4, stride: 2}, spatial_bn, relu, global_max_pool")
    built = build(parse_config(text.replace("epochs: 3", f"epochs: 3\n  {counts_in_shares}"), "small.yaml"))
    run = start_run(built, tmp_path / "run")
    train_until(run, built.solver, keeping(built), until)
    resumed = resume(run, Wanted(epochs=4))
    train_until(run, resumed.built.solver, resumed.keeping, 99)
    result = again(run)
    assert (result.steps, result.first_step, result.first_tensor) == (16, None, None)


@pytest.mark.parametrize("epochs", ["3", "2.4"])
@pytest.mark.parametrize("every", ["3 steps", "epoch"])
def test_statistics_computed_anew_are_compared_once_they_are(tmp_path: Path, epochs: str, every: str) -> None:
    """States after the last step of an epoch are from before or behind its scoring, which is what computes them."""
    text = (
        config().replace("{ema: 0.9}", "{swa: {start: 0.3, every: 2 steps}}").replace("epochs: 3", f"epochs: {epochs}")
    )
    built = build(parse_config(text.replace("3 steps, keep: 3", f"{every}, keep: 9"), "small.yaml"))
    run = start_run(built, tmp_path / "run")
    train_until(run, built.solver, keeping(built), 99)
    result = again(run)
    assert (result.identical, result.first_tensor) == (True, None)
    assert set(result.files) == {path.name for path in run.path.glob("*.safetensors")}
    states = [read_checkpoint(path)[1] for path in run.path.glob("step-*.safetensors")]
    scored = [state["step"] for state in states if state["history"] and state["history"][-1]["step"] == state["step"]]
    assert scored if every == "epoch" else len(scored) < len(states)


def test_a_line_that_differs_is_named(run: RunFolder) -> None:
    lines = [json.loads(line) for line in run.metrics.read_text(encoding="utf-8").splitlines()]
    lines[6]["loss"] += 1e-7
    run.metrics.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    result = again(run)
    assert not result.identical
    assert result.first_step is not None
    assert result.first_step.startswith(f"step at step {lines[6]['step']}: loss: {lines[6]['loss']} -> ")
    assert result.first_tensor is None


@pytest.mark.parametrize("name", ["step-9.safetensors", "last.safetensors", "best.safetensors"])
def test_a_tensor_that_differs_is_named(run: RunFolder, name: str) -> None:
    arrays, info = read_checkpoint(run.path / name)
    arrays["params/affine1.b"][2] = np.nextafter(arrays["params/affine1.b"][2], np.float32(9))
    write_checkpoint(run.path / name, arrays, info)
    result = again(run)
    assert result.first_step is None
    assert result.first_tensor is not None
    assert result.first_tensor.startswith(f"{name} (step {info['step']}): params/affine1.b: 1 of 10 numbers differ")


def test_what_cannot_be_repeated_says_so(run: RunFolder, tmp_path: Path) -> None:
    changed = trained(tmp_path / "changed", 5)
    resume(changed, Wanted(["train.l2=0.1"], accept_changes=True))
    with pytest.raises(UsageError, match=r"changed after step 5 \(train.l2: 0.0 -> 0.1\): it cannot be repeated"):
        again(changed)
    text = run.config.read_text(encoding="utf-8")
    run.config.write_text(text.replace("train_size: 60", "train_size: 70", 1), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"(?s)data\.train_size: 60 -> 70.*data: "):
        again(run)
    for path in run.path.glob("*.safetensors"):
        path.unlink()
    with pytest.raises(UsageError, match=r"no state of .* was saved"):
        again(run)


def test_versions_that_differ_are_told_beside_the_result(run: RunFolder) -> None:
    arrays, info = read_checkpoint(run.last)
    write_checkpoint(run.last, arrays, info | {"about": info["about"] | {"numpy": "1.0"}})
    result = again(run)
    assert result.identical
    assert [words.partition(" -> ")[0] for words in result.differs] == ["numpy: 1.0"]
