"""A checkpoint comes back as it was, or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nndl.errors import CheckpointError
from nndl.runs.checkpoint import Tensor, read_checkpoint, write_checkpoint

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


def header_of(path: Path) -> Any:
    """A file's header, as its JSON has it."""
    content = path.read_bytes()
    return json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])


def with_header(path: Path, header: Any, arrays: bytes = b"") -> None:
    """Write a file of this header and these bytes behind it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + arrays)


FLOATS = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
LIES: tuple[Any, ...] = (
    *(b"", b"{", b"[1]", b"null", b"\xff", b"[" * 100_000, b'{"__metadata__": {"info": "' + b"\\ud800" + b'"}}'),
    *({"__metadata__": []}, {"__metadata__": {"info": 1}}, {"a": 1}, {"a": {}}, {"a": {**FLOATS, "more": 1}}),
    *({"a": {**FLOATS, "dtype": dtype}} for dtype in ("F33", "BF16", [], None, "f4")),
    *({"a": {**FLOATS, "shape": shape}} for shape in ([2, -3], [2, 3.0], 6, None, [True, 6], [2, 3, 2], [2**70], [7])),
    *({"a": {**FLOATS, "data_offsets": offsets}} for offsets in ([0], [24, 0], [1, 25], [0, 25], [0, 2**60], "ab")),
    *({"a": FLOATS, "b": FLOATS}, {"a": FLOATS, "b": {**FLOATS, "data_offsets": [25, 49]}}),
    {"a": {"dtype": "F32", "shape": [1] * 100 + [6], "data_offsets": [0, 24]}},
    {"a": {"dtype": "F32", "shape": [2**40, 0], "data_offsets": [0, 0]}, "b": FLOATS},
)


@pytest.mark.parametrize("header", LIES, ids=range(len(LIES)))
def test_a_header_that_lies_is_noticed(tmp_path: Path, header: Any) -> None:
    if isinstance(header, dict) and "__metadata__" not in header:
        header = {**header, "__metadata__": {"info": "{}", "sha256": "0"}}
    with_header(tmp_path / "x.safetensors", header, bytes(24))
    with pytest.raises(CheckpointError, match=r"x\.safetensors is damaged: ."):
        read_checkpoint(tmp_path / "x.safetensors")


def test_a_length_that_lies_is_noticed(tmp_path: Path) -> None:
    for content in (b"", b"\x01", bytes(8), b"\xff" * 8, (10**9).to_bytes(8, "little") + b"{}"):
        (tmp_path / "x.safetensors").write_bytes(content)
        with pytest.raises(CheckpointError, match=r"x\.safetensors is damaged"):
            read_checkpoint(tmp_path / "x.safetensors")


def test_what_a_file_claims_is_seen_before_it_is_read(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "x.safetensors", ARRAYS, INFO)
    seen: dict[str, Any] = {}

    def look(found: Mapping[str, Tensor]) -> None:
        seen.update({name: (tensor.dtype, tensor.shape, tensor.nbytes) for name, tensor in found.items()})
        raise CheckpointError("too large")

    with pytest.raises(CheckpointError, match=r"x\.safetensors: too large$"):
        read_checkpoint(tmp_path / "x.safetensors", look)
    assert seen == {name: (array.dtype, array.shape, array.nbytes) for name, array in ARRAYS.items()}


def test_it_is_read_as_safetensors_reads_it(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    kinds = [np.float16, np.float32, np.float64, bool, *(f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8))]
    arrays = {f"of {np.dtype(kind)}": np.arange(-3, 9).reshape(3, 4).astype(kind) for kind in kinds}
    write_checkpoint(tmp_path / "x.safetensors", {**ARRAYS, **arrays}, INFO)
    ours, theirs = read_checkpoint(tmp_path / "x.safetensors")[0], load_file(tmp_path / "x.safetensors")
    assert ours.keys() == theirs.keys()
    for name, array in theirs.items():
        assert (ours[name].dtype, ours[name].shape) == (array.dtype, array.shape)
        assert ours[name].tobytes() == array.tobytes()
