"""Stopped and resumed equals straight, on every engine, with everything on that has state; a difference is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndl.engines import available
from nndl.errors import UsageError
from nndl.jobs.replay import Part, compare_states, first_difference, steps_and_stop, verify_resume
from nndl.net.params import Params
from nndl.runs.checkpoint import read_checkpoint, write_checkpoint
from nndl.train.updater import Updater
from tests.small_run import experiment, trained


@pytest.mark.parametrize("engine", available())
@pytest.mark.parametrize(("steps", "stop_at"), [(12, 7), (9, 4), (6, 1)])
def test_resumed_equals_straight(tmp_path: Path, engine: str, steps: int, stop_at: int) -> None:
    parts = verify_resume(experiment(engine), steps, stop_at, tmp_path)
    assert [part.first for part in parts] == [None] * len(parts)
    names = {"parameters", "running statistics", "optimizer", "averages", "progress", "metrics"}
    assert names <= {part.name for part in parts}
    assert all(one == other and len(one) == 64 for one, other in (part.digests for part in parts))
    assert read_checkpoint(tmp_path / "parts" / "last.safetensors")[1]["step"] == steps


def test_resumed_equals_straight_in_shards(tmp_path: Path) -> None:
    whole = experiment()
    parts = verify_resume(
        whole.model_copy(update={"train": whole.train.model_copy(update={"shards": 3})}), 9, 4, tmp_path
    )
    assert [part.first for part in parts] == [None] * len(parts)


def test_what_a_resume_forgets_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An optimiser that counts its updates from 0 again: Adam's bias correction differs."""
    update, begun = Updater.update, set()

    def forgetful(self: Updater, gradients: Params, *more: Any) -> float:
        if id(self) not in begun:
            self.t = 0
        begun.add(id(self))
        kept.append(self)  # an id is its own only as long as its object lives
        return update(self, gradients, *more)

    kept: list[Updater] = []
    monkeypatch.setattr(Updater, "update", forgetful)
    first = {part.name: part.first for part in verify_resume(experiment(), 9, 5, tmp_path)}
    assert "params/affine1.b: 10 of 10 numbers differ" in (first["parameters"] or "")
    assert "step 7: loss" in (first["metrics"] or "")


@pytest.mark.parametrize(
    ("steps", "stop_at", "words"),
    [
        (5, 5, "--stop-at 5 should be 1 to 4"),
        (5, 0, "--stop-at 0 should be 1 to 4"),
        (2, 2, "--stop-at 2 should be 1, before the last of the 2 steps"),
        (13, 5, "--steps 13 should be 2 to 12, the steps of the config"),
        (0, 1, "--steps 0 should be 2 to 12"),  # whoever gives --steps alone is not told of --stop-at
    ],
)
def test_steps_that_make_no_sense_are_refused(tmp_path: Path, steps: int, stop_at: int, words: str) -> None:
    with pytest.raises(UsageError, match=f"^{words}"):
        verify_resume(experiment(), steps, stop_at, tmp_path)


@pytest.mark.parametrize(
    ("steps", "stop_at", "chosen"),
    [(None, None, (12, 5)), (40, None, (40, 17)), (2, None, (2, 1)), (None, 3, (12, 3)), (9, 8, (9, 8))],
)
def test_steps_that_are_not_given_fit_the_config(
    steps: int | None, stop_at: int | None, chosen: tuple[int, int]
) -> None:
    assert steps_and_stop(experiment(), steps, stop_at) == chosen


def test_the_first_array_that_differs_is_named_with_how_far() -> None:
    one = {"a": np.zeros(3, np.float32), "b": np.array([1.0, 2.0]), "c": np.zeros(2)}
    assert first_difference(one, {name: array.copy() for name, array in one.items()}) is None
    assert first_difference(one, one | {"b": np.array([1.0, 2.5])}) == "b: 1 of 2 numbers differ, by 0.5 at most"
    assert first_difference(one, one | {"c": np.array([0.0, -0.0])}) == "c: 0 of 2 numbers differ, by 0 at most"
    assert first_difference(one, {"a": one["a"], "c": one["c"]}) == "b is in one of them only"
    assert first_difference(one, one | {"a": np.zeros(3)}) == "a is float32 (3,) in one and float64 (3,) in the other"


def test_states_of_two_runs_are_compared_part_by_part(tmp_path: Path) -> None:
    one, other = trained(tmp_path / "one", 5), trained(tmp_path / "other", 5)
    assert {part.first for part in compare_states(one.last, other.last)} == {None}
    arrays, info = read_checkpoint(other.last)
    arrays["buffers/spatial_bn1.running_mean"][0] += 1
    write_checkpoint(other.last, arrays, info | {"updates": 9})
    differ: dict[str, Part] = {part.name: part for part in compare_states(one.last, other.last) if part.first}
    assert differ.keys() == {"running statistics", "progress"}
    assert differ["running statistics"].first == (
        "buffers/spatial_bn1.running_mean: 1 of 4 numbers differ, by 1 at most"
    )
    assert differ["progress"].first == "at 5: updates: 5 -> 9"
    assert len({*differ["progress"].digests}) == 2
