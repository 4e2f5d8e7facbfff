"""The newest whole state is found whatever the newer ones have come to; of those before it as many are kept as said."""

import itertools
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndl.errors import CheckpointError
from nndl.runs import states
from nndl.runs.checkpoint import read_checkpoint, write_checkpoint
from nndl.runs.folder import RunFolder
from nndl.runs.states import (
    States,
    clear_leftovers,
    earlier_states,
    newest_state,
    restore_best,
    set_damaged_aside,
)
from nndl.train.events import EpochDone
from nndl.train.state import FORMAT


def arrays(step: int) -> dict[str, Any]:
    return {"params/w": np.full(3, float(step)), "best/params/w": np.full(3, 0.5)}


def info(step: int, best_step: int = 10) -> dict[str, Any]:
    numbers = dict.fromkeys(EpochDone.__annotations__, 0.5)
    history = [numbers | {"step": best_step, "epoch": 1, "is_best": True}]
    plan = {"updates": step, "steps_per_epoch": 10, "epochs": 9, "epoch_loss": 0.5, "seconds": 1.0}
    return {"format": FORMAT, "step": step, **plan, "history": history}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run that saved its state after steps 10, 20, 30, 40, and keeps three."""
    folder = RunFolder(tmp_path)
    states = States(folder, keep=3)
    for step in (10, 20, 30, 40):
        states.write(arrays(step), info(step))
    return folder


def names(folder: RunFolder) -> set[str]:
    return {path.name for path in folder.path.iterdir()}


def test_the_newest_are_kept_and_no_more(folder: RunFolder) -> None:
    assert names(folder) == {"last.safetensors", "step-30.safetensors", "step-20.safetensors"}
    assert [read_checkpoint(path)[1]["step"] for path in earlier_states(folder)] == [30, 20]
    assert read_checkpoint(folder.last)[1]["step"] == 40


def test_the_same_step_saved_twice_takes_one_place(folder: RunFolder) -> None:
    States(folder, 3, current=40).write(arrays(40), info(40))
    assert len(names(folder)) == 3
    States(folder, 1, current=40).write(arrays(50), info(50))
    assert names(folder) == {"last.safetensors"}


def test_where_files_cannot_have_two_names_the_last_is_moved(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: Any) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", none)
    States(folder, 3, current=40).write(arrays(50), info(50))
    assert names(folder) == {"last.safetensors", "step-40.safetensors", "step-30.safetensors"}


def test_on_a_full_disk_the_earlier_states_make_room(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    real, refused = states.write_checkpoint, []

    def full_until_there_is_room(path: Path, *content: Any) -> None:
        if earlier_states(folder):
            refused.append(path)
            raise OSError(28, "No space left on device")
        real(path, *content)

    monkeypatch.setattr(states, "write_checkpoint", full_until_there_is_room)
    States(folder, 3, current=40).write(arrays(50), info(50))
    assert len(refused) == 1
    assert names(folder) == {"last.safetensors", "step-40.safetensors"}
    monkeypatch.setattr(states, "write_checkpoint", real)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 16
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES = {"cut": cut, "flipped": flip, "empty": empty, "missing": Path.unlink}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_last_state_is_skipped_and_set_aside(folder: RunFolder, damage: Any) -> None:
    damage(folder.last)
    state = newest_state(folder)
    assert state is not None
    assert (state.path.name, state.info["step"]) == ("step-30.safetensors", 30)
    np.testing.assert_array_equal(state.arrays["params/w"], arrays(30)["params/w"])
    ((path, reason),) = state.skipped.items()
    assert path == folder.last
    assert "last.safetensors" in reason
    assert "\n" not in reason
    set_damaged_aside(folder, state)
    assert read_checkpoint(folder.last)[1]["step"] == 30
    States(folder, 3, current=30).write(arrays(40), info(40))
    again = newest_state(folder)
    assert again is not None
    assert (again.info["step"], again.skipped) == (40, {})
    kept = {"last.safetensors", "step-30.safetensors", "step-20.safetensors"}
    assert names(folder) == kept | (set() if damage is Path.unlink else {"last.safetensors.damaged"})


def test_where_none_is_whole_every_reason_is_told(folder: RunFolder) -> None:
    for path in (folder.last, *earlier_states(folder)):
        flip(path)
    with pytest.raises(CheckpointError, match=r"(?s)no whole state.*last.*step-30.*step-20"):
        newest_state(folder)


def test_a_folder_without_states_has_none_to_go_on_from(tmp_path: Path) -> None:
    (tmp_path / "step-x.safetensors").touch()
    assert newest_state(RunFolder(tmp_path)) is None


def test_a_newer_format_is_refused_not_skipped(folder: RunFolder) -> None:
    write_checkpoint(folder.last, arrays(50), info(50) | {"format": FORMAT + 1})
    with pytest.raises(CheckpointError, match="format"):
        newest_state(folder)


def test_at_every_instant_of_a_write_there_is_a_whole_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process killed at one call that changes the folder: what stands then is what the next start finds."""

    class KilledError(BaseException):
        pass

    def killed_at(number: int) -> list[int]:
        """The steps found after death at the number-th change, during the write of step 20."""
        folder = RunFolder(tmp_path / str(number))
        folder.path.mkdir()
        states = States(folder, keep=2)
        states.write(arrays(10), info(10))
        calls = itertools.count()

        def dying(call: Any) -> Any:
            def wrapped(*args: Any, **options: Any) -> Any:
                if next(calls) == number:
                    raise KilledError
                return call(*args, **options)

            return wrapped

        with monkeypatch.context() as patch:
            for module, name in ((os, "link"), (os, "fsync"), (Path, "replace"), (Path, "unlink"), (Path, "chmod")):
                patch.setattr(module, name, dying(getattr(module, name)))
            try:
                states.write(arrays(20), info(20))
            except KilledError:
                pass
            else:
                return []
        state = newest_state(folder)
        assert state is not None
        assert state.skipped == {}
        clear_leftovers(folder)
        assert not list(folder.path.glob(".*"))
        return [state.info["step"]]

    found = [killed_at(number) for number in range(20)]
    assert found[-1] == []
    steps = [step for each in found for step in each]
    assert set(steps) == {10, 20}
    assert steps == sorted(steps)


def best(folder: RunFolder) -> float:
    return float(read_checkpoint(folder.best)[0]["params/w"][0])


@pytest.mark.parametrize("damage", [*DAMAGES.values(), None], ids=[*DAMAGES, "of a later epoch"])
def test_the_best_weights_are_those_of_the_state(folder: RunFolder, damage: Any) -> None:
    write_checkpoint(folder.best, {"params/w": np.zeros(3)}, {"step": 45 if damage is None else 10})
    if damage:
        damage(folder.best)
    state = newest_state(folder)
    assert state is not None
    restore_best(folder, state)
    assert best(folder) == 0.5
    assert read_checkpoint(folder.best)[1]["step"] == 10


def test_best_weights_that_are_the_state_s_own_are_found_in_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    averaged = {"params/w": np.ones(3), "average_params/w": np.full(3, 2.0)}
    States(folder).write(averaged, info(10, best_step=10))
    state = newest_state(folder)
    assert state is not None
    restore_best(folder, state)
    assert best(folder) == 2.0


def test_best_weights_of_an_epoch_that_the_state_does_not_know_are_removed(folder: RunFolder) -> None:
    States(folder, 3, current=40).write(arrays(50), info(50) | {"history": []})
    write_checkpoint(folder.best, {"params/w": np.zeros(3)}, {"step": 55})
    state = newest_state(folder)
    assert state is not None
    restore_best(folder, state)
    assert not folder.best.exists()
    assert json.dumps(state.info)
