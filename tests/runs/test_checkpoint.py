"""A checkpoint comes back as it was, or not at all."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nndl.errors import CheckpointError
from nndl.runs.checkpoint import read_checkpoint, write_checkpoint

ARRAYS = {
    "params/conv1.w": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2).transpose(0, 1, 3, 2),
    "optimizer_v/affine1.b": np.array([0.1, np.pi, 5e-324]),
    "counts": np.array(7),
    "empty": np.empty((0, 3), np.float32),
}
INFO = {"step": 12, "epoch_loss": 0.1 + 0.2, "history": [{"epoch": 1, "is_best": True, "validation_loss": None}]}


def test_arrays_and_info_come_back_bit_for_bit(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "last.safetensors", ARRAYS, INFO)
    arrays, info = read_checkpoint(tmp_path / "last.safetensors")
    assert info == INFO
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(arrays[name], array)


def test_writing_leaves_no_other_file(tmp_path: Path) -> None:
    for step in range(2):
        write_checkpoint(tmp_path / "last.safetensors", ARRAYS, {"step": step})
    assert [path.name for path in tmp_path.iterdir()] == ["last.safetensors"]
    assert read_checkpoint(tmp_path / "last.safetensors")[1] == {"step": 1}


def test_failed_write_keeps_the_previous_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_checkpoint(tmp_path / "last.safetensors", ARRAYS, INFO)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_checkpoint(tmp_path / "last.safetensors", {}, {})
    assert read_checkpoint(tmp_path / "last.safetensors")[1] == INFO
    assert len(list(tmp_path.iterdir())) == 1


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    write_checkpoint(tmp_path / "whole.safetensors", ARRAYS, INFO)
    return (tmp_path / "whole.safetensors").read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(data=st.data())
def test_any_flipped_bit_is_noticed_or_harmless(data: st.DataObject, tmp_path: Path, whole: bytes) -> None:
    position = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytearray(whole)
    damaged[position] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(damaged)
    try:
        arrays, info = read_checkpoint(path)
    except CheckpointError:
        return
    assert info == INFO  # only what carries nothing may change unnoticed: the format's own label, blanks
    assert all(np.array_equal(arrays[name], ARRAYS[name]) for name in ARRAYS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_cut_file_is_refused(data: st.DataObject, tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "cut.safetensors"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(CheckpointError, match=r"cut\.safetensors is damaged"):
        read_checkpoint(path)


def test_the_message_says_what_else_there_is(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "best.safetensors", ARRAYS, INFO)
    with pytest.raises(CheckpointError, match=r"no .*last\.safetensors; in the same folder there is best\.safetensors"):
        read_checkpoint(tmp_path / "last.safetensors")


def test_somebody_elses_file_is_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"w": np.zeros(3)}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="no state of nndl"):
        read_checkpoint(tmp_path / "model.safetensors")
