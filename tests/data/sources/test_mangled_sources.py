"""Files of data sets that are damaged anywhere load, or are refused in words: no other error, no great memory."""

import gzip
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nndl.data.dataset import Dataset
from nndl.data.sources.registry import SOURCES
from nndl.data.sources.wanted import Wanted
from nndl.errors import DataError
from tests.data.sources.test_idx import idx

X, Y = np.random.default_rng(0).integers(0, 256, (24, 8, 8), np.uint8), np.arange(24) % 3


def npz(folder: Path) -> Path:
    np.savez(folder / "toys.npz", X=X, y=Y, classes=np.array(["a", "b", "c"]))
    return folder / "toys.npz"


def packed(folder: Path) -> Path:
    np.savez_compressed(folder / "toys.npz", X=X, y=Y)
    return folder / "toys.npz"


def mnist(folder: Path, change: Callable[[bytes], bytes] = bytes) -> Path:
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(change(idx(X)))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(change(idx(Y)))
    return folder / "train-images-idx3-ubyte"


def zipped(folder: Path) -> Path:
    return mnist(folder, gzip.compress)


def mat(folder: Path) -> Path:
    io = pytest.importorskip("scipy.io")
    images = np.random.default_rng(0).integers(0, 256, (32, 32, 3, 20), np.uint8)
    for part in ("train", "test"):
        io.savemat(folder / f"{part}_32x32.mat", {"X": images, "y": (np.arange(20) % 10 + 1)[:, None]})
    return folder / "train_32x32.mat"


def parquet(folder: Path) -> Path:
    pytest.importorskip("pyarrow")
    from tests.data.sources.test_parquet import rows, write

    write(folder / "train.parquet", *rows(12))
    return folder / "train.parquet"


@pytest.mark.parametrize(
    ("kind", "make"),
    [("npz", npz), ("npz", packed), ("idx", mnist), ("idx", zipped), ("mat", mat), ("parquet", parquet)],
    ids=lambda value: getattr(value, "__name__", value),
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_mangled_file_loads_or_is_refused(kind: str, make: Callable[[Path], Path], data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        path = make(Path(name))
        raw = bytearray(path.read_bytes())
        if data.draw(st.booleans()):
            del raw[data.draw(st.integers(0, len(raw) - 1)) :]
        for _ in range(data.draw(st.integers(1, 4))):
            if raw:
                at = data.draw(st.integers(0, len(raw) - 1) | st.integers(0, min(len(raw) - 1, 300)))
                raw[at] ^= data.draw(st.integers(1, 255))
        path.write_bytes(bytes(raw))
        wanted = Wanted(Path(name), size=(8, 8) if kind == "parquet" else None, skip_damaged=True)
        try:
            loaded = SOURCES[kind].load(wanted)
        except DataError:
            return
        assert isinstance(loaded, Dataset)
