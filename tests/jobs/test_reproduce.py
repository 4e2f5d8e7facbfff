"""A run trained again is the same, or the first line and tensor that differ are named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
from nndl.runs.recorder import Recorder
from nndl.train.events import EpochDone, Event
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


def test_a_run_whose_lengthening_is_in_its_config_alone_is_repeated_as_it_was(run: RunFolder) -> None:
    """As after a kill between the two, or where a damaged state was set aside."""
    text = run.config.read_text(encoding="utf-8")
    run.config.write_text(text.replace("epochs: 3", "epochs: 5", 1), encoding="utf-8")
    assert again(run).identical


@pytest.mark.parametrize("epochs", [2.7, 3])
def test_a_last_epoch_that_was_lengthened_is_scored_at_its_end(tmp_path: Path, epochs: float) -> None:
    run = trained(tmp_path / "run", 4)
    for each in (2.3, epochs):
        resumed = resume(run, Wanted(epochs=each))
        train_until(run, resumed.built.solver, resumed.keeping, 99)
    lines = [json.loads(line) for line in run.metrics.read_text(encoding="utf-8").splitlines()]
    scored = [(line["step"], line["epoch"]) for line in lines if line["kind"] == "epoch"]
    assert scored == [(4, 1), (8, 2), (10, 3), (11 if epochs == 2.7 else 12, 3)]
    result = again(run)
    assert (result.identical, result.lines) == (
        True,
        len([line for line in lines if line["kind"] in ("step", "epoch")]),
    )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("updates", 13, "last.safetensors (step 12): updates: 13 -> 12"),
        ("trained_at", [3, 16, 16], "last.safetensors (step 12): trained_at: [3, 16, 16] -> null"),
        ("history", 0.5, "last.safetensors (step 12): history[1].train_accuracy: 0.5 -> "),
    ],
)
def test_a_state_that_says_otherwise_how_far_it_is_differs(run: RunFolder, name: str, value: Any, said: str) -> None:
    arrays, info = read_checkpoint(run.last)
    if name == "history":
        info["history"][1]["train_accuracy"] = value
    write_checkpoint(run.last, arrays, info if name == "history" else info | {name: value})
    assert (again(run).first_tensor or "").startswith(said)


def test_the_best_weights_within_a_state_are_compared(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", 10)
    arrays, info = read_checkpoint(run.last)
    arrays["best/params/affine1.b"][2] += 1
    write_checkpoint(run.last, arrays, info)
    assert (again(run).first_tensor or "").startswith("last.safetensors (step 10): best/params/affine1.b: 1 of 10")


@pytest.mark.parametrize(
    ("step", "told"), [(7, "differs"), (99, "uncompared"), (None, "uncompared"), (0, "uncompared")]
)
def test_best_weights_that_nothing_was_compared_with_are_told_of(run: RunFolder, step: int | None, told: str) -> None:
    arrays, info = read_checkpoint(run.best)
    if step is None:
        run.best.write_bytes(run.best.read_bytes()[:-1])
    elif not step:
        run.best.unlink()
    else:
        write_checkpoint(run.best, arrays, info | {"step": step})
    result = again(run)
    assert result.identical is (told == "uncompared")
    assert (result.first_tensor is None, len(result.uncompared)) == ((False, 0) if told == "differs" else (True, 1))


def test_what_older_versions_did_not_say_is_not_compared(tmp_path: Path) -> None:
    small = "avg_pool: 8, conv: 4, spatial_bn, relu, dropout: {keep: 0.8}"
    text = config().replace(small, "conv: {filters: 4, stride: 2}, spatial_bn, relu, global_max_pool")
    text = text.replace("epochs: 3", "epochs: 3\n  resolution: {schedule: [[0, 16], [0.7, 32]]}")
    built = build(parse_config(text, "small.yaml"))
    run = start_run(built, tmp_path / "run")
    train_until(run, built.solver, keeping(built), 99)
    assert [epoch.small for epoch in built.solver.history] == [True, True, False]
    said = run.metrics.read_text(encoding="utf-8")
    assert said.count(', "small": true') == 2
    run.metrics.write_text(said.replace(', "small": true', ""), encoding="utf-8")
    for path in run.path.glob("*.safetensors"):
        arrays, info = read_checkpoint(path)
        for epoch in info.get("history", []):
            epoch.pop("small", None)
        write_checkpoint(path, arrays, info)
    assert again(run).identical


def test_lines_that_a_resume_would_write_anew_are_not_compared(tmp_path: Path) -> None:
    """As after a kill once the epoch at step 8 was scored, and one of the resume that gives it another plan."""
    text = config().replace("every: 3 steps", "every: 4 steps").replace("epochs: 3", "epochs: 2")
    built = build(parse_config(text, "small.yaml"))
    run = start_run(built, tmp_path / "run")
    train_until(run, built.solver, keeping(built), 7)
    built = build(parse_config(text, "small.yaml"))
    built.solver.restore(*read_checkpoint(run.last))
    with Recorder(run, built.solver, keeping(built)) as recorder:
        for event in built.solver.events():
            recorder.see(event)
            if isinstance(event, EpochDone):
                break
    resume(run, Wanted(epochs=4))
    assert again(run).identical


def test_lines_and_changes_of_which_nothing_came_are_told(run: RunFolder) -> None:
    with run.metrics.open("a", encoding="utf-8") as file:
        file.write('{"kind": "epoch", "step": 7, "epoch": 2}\n')
    assert again(run).first_step == "epoch at step 7: there is none"
    arrays, info = read_checkpoint(run.last)
    change = {"step": 7, "epochs_done": 2, "epochs": [3, 4], "what": []}
    write_checkpoint(run.last, arrays, info | {"about": info["about"] | {"changes": [change]}})
    assert again(run).first_step == "step 7: the change of epochs that the state tells of never came"


def test_a_state_of_other_epochs_than_its_changes_come_to_differs(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", 4)
    resumed = resume(run, Wanted(epochs=2))
    train_until(run, resumed.built.solver, resumed.keeping, 99)
    arrays, info = read_checkpoint(run.last)
    write_checkpoint(run.last, arrays, info | {"epochs": 50})
    assert again(run).first_step == "of 50 epochs in all, the state says, and its changes 2"


@pytest.mark.parametrize("gone", [False, True])
def test_what_another_process_puts_in_place_of_a_state_meanwhile_is_not_compared(run: RunFolder, gone: bool) -> None:
    arrays, info = read_checkpoint(run.best)

    def watch(solver: Solver, _: Plan) -> Callable[[Event], None]:
        def seen(_event: Event) -> None:
            if solver.step == 2 and gone:
                run.best.unlink(missing_ok=True)
            elif solver.step == 2:
                write_checkpoint(run.best, {name: array + 1 for name, array in arrays.items()}, info | {"step": 99})

        return seen

    result = reproduce(run, watch)
    assert result.identical
    assert [words.partition(":")[0] for words in result.uncompared] == ["best.safetensors"]


def test_before_the_first_epoch_there_is_nothing_to_miss(tmp_path: Path) -> None:
    assert again(trained(tmp_path / "run", 3)).uncompared == []


def test_versions_that_differ_are_told_beside_the_result(run: RunFolder) -> None:
    arrays, info = read_checkpoint(run.last)
    write_checkpoint(run.last, arrays, info | {"about": info["about"] | {"numpy": "1.0"}})
    result = again(run)
    assert result.identical
    assert [words.partition(" -> ")[0] for words in result.differs] == ["numpy: 1.0"]
