"""MATLAB's files of CIFAR-10 and SVHN."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndl.data.sources import mat
from nndl.data.sources.mat import load, survey
from nndl.data.sources.wanted import Found, Wanted
from nndl.errors import DataError, MissingExtraError

RANDOM = np.random.default_rng(0)


def test_without_scipy_its_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "scipy", None)
    monkeypatch.setitem(__import__("sys").modules, "scipy.io", None)
    (tmp_path / "train_32x32.mat").touch()
    with pytest.raises(MissingExtraError, match=r"nndl\[mat\]"):
        survey(Wanted(tmp_path))


def test_cifar_is_as_published(tmp_path: Path) -> None:
    io = pytest.importorskip("scipy.io")
    rows, labels = RANDOM.integers(0, 256, (60, 3072), np.uint8), (np.arange(60) % 10).astype(np.uint8)
    for number in range(5):
        part = slice(10 * number, 10 * number + 10)
        io.savemat(tmp_path / f"data_batch_{number + 1}.mat", {"data": rows[part], "labels": labels[part, None]})
    io.savemat(tmp_path / "test_batch.mat", {"data": rows[50:], "labels": labels[50:, None]})
    names = [f"class {number}" for number in range(10)]
    io.savemat(tmp_path / "batches.meta.mat", {"label_names": np.array(names, object)[:, None]})
    data = load(Wanted(tmp_path))
    assert survey(Wanted(tmp_path)) == Found((3, 32, 32), tuple(names), 50)
    np.testing.assert_array_equal(data.train.images.reshape(50, -1), rows[:50])
    np.testing.assert_array_equal(data.test.labels, labels[50:])


def svhn(folder: Path) -> np.ndarray:
    io = pytest.importorskip("scipy.io")
    X = RANDOM.integers(0, 256, (32, 32, 3, 40), np.uint8)
    for part in ("train", "test"):
        io.savemat(folder / f"{part}_32x32.mat", {"X": X, "y": (np.arange(40) % 10 + 1)[:, None]}, do_compression=True)
    return X


def test_digits_are_as_published(tmp_path: Path) -> None:
    X = svhn(tmp_path)
    data = load(Wanted(tmp_path))
    assert data.classes == tuple("0123456789")
    assert data.train.labels[:11].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    np.testing.assert_array_equal(data.train.images[7], X[:, :, :, 7].transpose(2, 0, 1))


def test_one_of_the_files_stands_for_their_folder(tmp_path: Path) -> None:
    svhn(tmp_path)
    assert survey(Wanted(tmp_path / "train_32x32.mat")) == survey(Wanted(tmp_path))
    (tmp_path / "own.mat").write_bytes(b"no such file")
    with pytest.raises(DataError, match=r"own\.mat is no \.mat file"):
        survey(Wanted(tmp_path / "own.mat"))


def test_damaged_and_missing_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    svhn(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no data_batch_1"):
        load(Wanted(tmp_path / "empty"))
    with pytest.raises(DataError, match=r"there is no file or folder .*nowhere"):
        survey(Wanted(tmp_path / "nowhere"))
    monkeypatch.setattr(mat, "MOST_BYTES", 1000)
    with pytest.raises(DataError, match="at most"):
        survey(Wanted(tmp_path))
    monkeypatch.undo()
    path = tmp_path / "train_32x32.mat"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"X is damaged|no \.mat file that can be read: Error -3"):
        load(Wanted(tmp_path))
    path.write_bytes(b"no such file")
    with pytest.raises(DataError, match=r"is no \.mat file"):
        survey(Wanted(tmp_path))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array([[1], ["a"]] * 10, object), "whole numbers or text, not object"),
        (np.array(["abc"]), r"20 images, and labels \(1,\)"),
        (np.full((20, 1), np.nan), "one is nan"),
        (np.full((20, 1), np.inf), "one is inf"),
    ],
)
def test_labels_that_are_none_are_refused(tmp_path: Path, labels: Any, words: str) -> None:
    svhn(tmp_path)
    io = pytest.importorskip("scipy.io")
    io.savemat(tmp_path / "train_32x32.mat", {"X": np.zeros((32, 32, 3, 20), np.uint8), "y": labels})
    with pytest.raises(DataError, match=words):
        survey(Wanted(tmp_path))


def test_more_labels_than_there_can_be_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    svhn(tmp_path)
    monkeypatch.setattr(mat, "MOST_IMAGES", 9)
    with pytest.raises(DataError, match=r"y holds .* labels; at most 9 are read"):
        survey(Wanted(tmp_path))
