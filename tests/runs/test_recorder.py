"""The files a run keeps, and what it does when the disk takes no more."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndl.errors import CheckpointError
from nndl.runs import recorder, states
from nndl.runs.checkpoint import read_checkpoint
from nndl.runs.folder import RunFolder
from nndl.runs.metrics import read_metrics
from nndl.runs.recorder import Keeping, Recorder
from nndl.runs.states import earlier_states, newest_state
from nndl.train.events import EpochDone
from nndl.train.optimizers import Adam
from nndl.train.solver import Solver
from tests.train import tiny


def train(folder: Path, keeping: Keeping | None = None, solver: Solver | None = None, **hooks: Any) -> list[str]:
    """Train 4 epochs of 3 steps; returns the warnings. hooks["at"][step] is called before that event is recorded."""
    warnings: list[str] = []
    solver = solver or tiny.solver()
    with Recorder(RunFolder(folder), solver, keeping, warnings.append) as kept:
        for event in solver.events():
            hooks.get("at", {}).get(event.step, lambda: None)()
            kept.see(event)
    return warnings


def slow() -> Solver:
    """One that gets better more than once."""
    return tiny.solver(epochs=8, optimizer=Adam(learning_rate=0.001))


def steps(folder: Path) -> list[int]:
    """Of the states that are kept, newest first."""
    run = RunFolder(folder)
    return [read_checkpoint(path)[1]["step"] for path in (run.last, *earlier_states(run))]


def test_states_are_saved_when_due_and_at_the_end(tmp_path: Path) -> None:
    for name, keeping in (("epoch", Keeping(keep=3)), ("steps", Keeping("5 steps", keep=9)), ("one", Keeping(keep=1))):
        (tmp_path / name).mkdir()
        assert train(tmp_path / name, keeping) == []
    assert steps(tmp_path / "epoch") == [12, 9, 6]
    assert steps(tmp_path / "steps") == [12, 10, 5]
    assert steps(tmp_path / "one") == [12]


def test_every_state_holds_the_best_weights_of_its_moment(tmp_path: Path) -> None:
    train(tmp_path, Keeping("1 step", keep=99), slow())
    best: dict[int, Any] = {}
    solver = slow()
    for event in solver.events():
        if isinstance(event, EpochDone) and event.is_best:
            best[event.step] = solver.weights()
    assert len(best) > 1
    for path in earlier_states(RunFolder(tmp_path)):
        arrays, info = read_checkpoint(path)
        (*_, step) = [None, *(epoch["step"] for epoch in info["history"] if epoch["is_best"])]
        inside = {name.removeprefix("best/"): value for name, value in arrays.items() if name.startswith("best/")}
        if step is None or step == info["step"]:
            assert inside == {}
        else:
            assert inside.keys() == best[step].keys()
            assert all(np.array_equal(inside[name], best[step][name]) for name in inside)


def full(*_: Any) -> None:
    raise OSError(28, "No space left on device")


def test_a_full_disk_is_told_training_goes_on_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tmp_path / "whole"
    folder = tmp_path / "full"
    for each in (whole, folder):
        each.mkdir()
    train(whole)

    def room_ends() -> None:
        for module in (states, recorder):
            monkeypatch.setattr(module, "write_checkpoint", full)

    seen: list[int] = []

    def room_again() -> None:
        seen[:] = steps(folder)
        monkeypatch.undo()

    warnings = train(folder, at={5: room_ends, 8: room_again})
    assert warnings == [
        "step 6 could not be saved (No space left on device); training goes on, and saving is tried again when next "
        "due. The newest state saved is of step 3",
        "step 9 is saved",
    ]
    assert seen == [3]
    assert steps(folder) == [12, 9]
    assert not list(folder.glob(".*"))
    for name in ("last.safetensors", "best.safetensors"):
        one, other = (read_checkpoint(run / name)[0] for run in (whole, folder))
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[key], other[key]) for key in one)


def test_at_the_end_a_state_that_cannot_be_saved_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def room_ends() -> None:
        monkeypatch.setattr(states, "write_checkpoint", full)

    with pytest.raises(CheckpointError, match=r"step 12 could not be saved.*No space.*of step 6; make room, then"):
        train(tmp_path, at={8: room_ends})
    state = newest_state(RunFolder(tmp_path))
    assert state is not None
    assert state.info["step"] == 6
    solver = tiny.solver()
    solver.restore(state.arrays, state.info)
    monkeypatch.undo()
    assert train(tmp_path, solver=solver) == []
    assert steps(tmp_path)[0] == 12
    assert [line["step"] for line in read_metrics(tmp_path / "metrics.jsonl") if line["kind"] == "step"] == [
        *range(1, 13)
    ]
