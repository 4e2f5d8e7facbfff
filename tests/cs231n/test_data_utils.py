"""CIFAR-10 in the arrays the notebooks expect, on small releases of the same files."""

from pathlib import Path

import numpy as np
import pytest

from cs231n.data_utils import get_CIFAR10_data, load_CIFAR10, load_CIFAR_batch
from nndl.errors import DataError
from tests.data import fake


@pytest.fixture(params=["python", "binary"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """cs231n/datasets/<the official folder>, with six files of 20 images, beside the notebook."""
    release, _ = fake.small_release(kind=request.param)
    monkeypatch.setattr("nndl.data.cifar.RELEASES", (release,))
    monkeypatch.chdir(tmp_path)
    place = Path("cs231n/datasets") / release.folder
    fake.write_files(release, place)
    return place


def test_load_gives_float_images_with_pixels_last(folder: Path) -> None:
    X_train, y_train, X_test, y_test = load_CIFAR10(str(folder))
    assert [a.shape for a in (X_train, y_train, X_test, y_test)] == [(100, 32, 32, 3), (100,), (20, 32, 32, 3), (20,)]
    assert {X_train.dtype, X_test.dtype} == {np.dtype(np.float64)}
    images, labels = fake.images(20, seed=0)
    assert np.array_equal(X_train[:20], images.transpose(0, 2, 3, 1))
    assert np.array_equal(y_train[:20], labels)
    X_train -= X_train.mean(axis=0)  # notebooks write into it


def test_the_split_subtracts_the_mean_of_the_training_images(folder: Path) -> None:
    data = get_CIFAR10_data(num_training=70, num_validation=30, num_test=10)
    assert list(data) == ["X_train", "y_train", "X_val", "y_val", "X_test", "y_test"]
    assert [len(array) for array in data.values()] == [70, 70, 30, 30, 10, 10]
    assert data["X_train"].shape[1:] == (3, 32, 32)
    assert np.abs(data["X_train"].mean(axis=0)).max() < 1e-12
    raw, labels, *_ = load_CIFAR10(folder)
    mean = raw[:70].mean(axis=0)
    np.testing.assert_allclose(data["X_val"], (raw[70:] - mean).transpose(0, 3, 1, 2), atol=1e-12)
    assert np.array_equal(data["y_val"], labels[70:])


def test_the_mean_stays_on_request_and_the_folder_can_be_named(folder: Path) -> None:
    data = get_CIFAR10_data(60, 10, 5, subtract_mean=False, root=folder.parent)
    assert (data["X_train"].min(), data["X_train"].max()) == (0, 255)


@pytest.mark.usefixtures("folder")
def test_more_images_than_there_are_are_refused() -> None:
    with pytest.raises(ValueError, match="images 90 to 120 asked for, but there are 100"):
        get_CIFAR10_data(num_training=90, num_validation=30, num_test=1)


def test_without_data_the_error_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for load in (get_CIFAR10_data, lambda: load_CIFAR10("cs231n/datasets/cifar-10-batches-py")):
        with pytest.raises(DataError, match="nndl download-cifar"):
            load()


def test_one_batch_of_the_python_format(tmp_path: Path) -> None:
    images, labels = fake.images(7)
    (tmp_path / "data_batch_1").write_bytes(fake.python_batch(images, labels))
    X, y = load_CIFAR_batch(tmp_path / "data_batch_1")
    assert np.array_equal(X, images.transpose(0, 2, 3, 1))
    assert (X.dtype, y.tolist()) == (np.float64, labels.tolist())
