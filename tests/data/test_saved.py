"""Arrays by name in a .npy file: read back as they were, and nothing in the file is run."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl.data.saved import load_saved, save_arrays
from nndl.errors import DataError

ARRAYS = {
    "W": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "b": np.arange(3, dtype=np.float32),
    "big": np.arange(3, dtype=">f8"),
    "n": np.array(7),
}


def test_what_is_saved_comes_back_here_and_in_numpy(tmp_path: Path) -> None:
    path = tmp_path / "model.npy"
    save_arrays(path, ARRAYS)
    plain: dict[str, Any] = np.load(path, allow_pickle=True).item()
    for read in (load_saved(path), plain):
        assert list(read) == list(ARRAYS)
        for name, value in ARRAYS.items():
            np.testing.assert_array_equal(read[name], value)
            assert read[name].dtype == value.dtype.newbyteorder("=") or read[name].dtype == value.dtype


class Evil:
    """Pickled, it names what unpickling would run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("made",)


@pytest.mark.parametrize(
    "held",
    [{"W": Evil()}, {"W": "text"}, {"W": [1.0]}, {"W": np.array(["text"])}, [1], np.ones(3), {"W": np.array([{}])}],
    ids=["code", "text", "list of numbers", "array of text", "list", "plain array", "array of objects"],
)
def test_anything_else_is_refused_and_not_run(held: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("model.npy", held)
    with pytest.raises(DataError, match="not arrays by name"):
        load_saved(Path("model.npy"))
    assert [path.name for path in tmp_path.iterdir()] == ["model.npy"]


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, 600), value=st.integers(0, 255), end=st.integers(0, 600))
def test_a_mutated_file_is_read_or_refused(
    place: int, value: int, end: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "mutant.npy"
    save_arrays(path, {"W": np.arange(6.0).reshape(2, 3)})
    raw = bytearray(path.read_bytes())
    raw[place % len(raw)] = value
    path.write_bytes(raw[: end or None])
    try:
        read = load_saved(path)
    except DataError:
        return
    assert all(array.dtype.kind in "fiub" for array in read.values())
