"""CIFAR-10.1 and CIFAR-10-C as published, and what is wrong with folders that are nearly such."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nndl.data import robust
from nndl.data.robust import load_array, robust_sets
from nndl.errors import DataError


def save(folder: Path, **arrays: Any) -> Path:
    for name, array in arrays.items():
        np.save(folder / f"{name.replace('cifar10_1', 'cifar10.1')}.npy", array)
    return folder


def pictures(count: int) -> Any:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), np.uint8)


def test_cifar_10_1_is_found_with_channels_put_first(tmp_path: Path) -> None:
    x = pictures(6)
    save(tmp_path, cifar10_1_v6_data=x, cifar10_1_v6_labels=np.arange(6, dtype=np.int32))
    (one,) = robust_sets(tmp_path)
    images, labels = one.load()
    assert (one.name, one.severity, labels.dtype, labels.tolist()) == ("cifar10.1_v6", None, np.int64, list(range(6)))
    np.testing.assert_array_equal(images, x.transpose(0, 3, 1, 2))
    assert images.flags.c_contiguous


def test_corruptions_are_five_severities_in_order(tmp_path: Path) -> None:
    x, y = pictures(20), np.tile(np.array([4, 5, 6, 5], np.uint8), 5)
    save(tmp_path, labels=y, fog=x, brightness=x[::-1])
    sets = robust_sets(tmp_path)
    assert [(one.name, one.severity) for one in sets] == [(n, s) for n in ("brightness", "fog") for s in range(1, 6)]
    images, labels = sets[6].load()
    np.testing.assert_array_equal(images, x[4:8].transpose(0, 3, 1, 2))
    assert labels.tolist() == [4, 5, 6, 5]


@pytest.mark.parametrize(
    "labels",
    [np.arange(20) % 7, np.zeros(20), np.arange(20) % 2, np.tile([3, 8, 1, 4, 1], 4)],
    ids=["of one severity", "of one class", "by turns", "four times"],
)
def test_without_five_times_the_same_labels_a_file_is_one_set(tmp_path: Path, labels: Any) -> None:
    x = pictures(len(labels))
    save(tmp_path, labels=labels.astype(np.uint8), fog=x)
    (one,) = robust_sets(tmp_path)
    images, y = one.load()
    assert (one.name, one.severity) == ("fog", None)
    np.testing.assert_array_equal(images, x.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(y, labels)


def test_a_file_of_one_severity_takes_its_labels_from_those_of_five(tmp_path: Path) -> None:
    y = np.array([4, 5, 6, 5])
    save(tmp_path, labels=np.tile(y, 5), fog=pictures(4), snow=pictures(20))
    sets = robust_sets(tmp_path)
    assert [(one.name, one.severity) for one in sets] == [("fog", None), *(("snow", level) for level in range(1, 6))]
    assert [one.load()[1].tolist() for one in sets] == [y.tolist()] * 6


def test_what_a_system_leaves_beside_the_files_is_let_be(tmp_path: Path) -> None:
    save(tmp_path, labels=np.arange(3), fog=pictures(3))
    for name in ("._fog.npy", "._labels.npy", ".DS_Store"):
        (tmp_path / name).write_bytes(b"\0\5\x16\7")
    (tmp_path / "folder.npy").mkdir()
    assert [one.name for one in robust_sets(tmp_path)] == ["fog"]


@pytest.mark.parametrize(
    ("labels", "images", "named"), [(40, 30, "labels.npy"), (40, 40, "labels.npy"), (30, 40, "fog.npy")]
)
def test_more_images_than_any_set_has_are_refused_before_they_take_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, labels: int, images: int, named: str
) -> None:
    monkeypatch.setattr(robust, "MOST_IMAGES", 35)
    save(tmp_path, labels=np.zeros(labels, int), fog=pictures(images))
    with pytest.raises(DataError, match=f"{named} holds 40 (labels|images); at most 35 are read"):
        robust_sets(tmp_path)


def test_a_folder_without_such_files_holds_no_sets(tmp_path: Path) -> None:
    assert robust_sets(tmp_path) == []
    assert robust_sets(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"fog": pictures(5)}, "no labels.npy"),
        ({"labels": np.zeros(5, int)}, "no corrupted images"),
        ({"cifar10_1_v6_data": pictures(5)}, "no cifar10.1_v6_labels.npy beside it"),
        ({"labels": np.zeros(4, int), "fog": pictures(5)}, "fog.npy holds 5 images, but there are 4 labels beside it"),
        ({"labels": np.tile([1, 2, 3], 5), "fog": pictures(6)}, "6 images, but there are 15 labels"),
        ({"labels": np.zeros(0, int), "fog": pictures(6)}, "6 images, but there are 0 labels"),
        ({"labels": np.zeros(5, int), "fog": pictures(5) / 255}, "uint8 .N, 32, 32, 3., not float64"),
        ({"labels": np.zeros(5, int), "fog": pictures(5).transpose(0, 3, 1, 2)}, r"not uint8 \(5, 3, 32, 32\)"),
        ({"labels": np.zeros(5), "fog": pictures(5)}, "integers"),
        ({"labels": np.full(5, 700), "fog": pictures(5)}, "from 700 to 700"),
        ({"labels": np.full(5, -1), "fog": pictures(5)}, "from -1 to -1"),
    ],
)
def test_half_a_set_or_another_layout_is_refused(tmp_path: Path, arrays: dict[str, Any], words: str) -> None:
    save(tmp_path, **arrays)
    with pytest.raises(DataError, match=words):
        [one.load() for one in robust_sets(tmp_path)]


class Trap:
    """Unpickled, it would leave a file behind."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("sprung"),)


def test_a_pickle_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "labels.npy", np.array([Trap()], object))
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(Trap()))
    for name in ("labels.npy", "raw.npy"):
        with pytest.raises(DataError, match=r"no \.npy file"):
            load_array(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


def test_an_archive_by_the_name_of_an_array_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "fog.npy").open("wb") as file:
        np.savez(file, fog=pictures(1))
    with pytest.raises(DataError, match="npz"):
        load_array(tmp_path / "fog.npy")


def whole() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, pictures(5))
    return buffer.getvalue()


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_mangled_file_is_the_images_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    """Cut anywhere, or with bytes of its header changed: of another shape, type or length, it is not accepted."""
    raw = bytearray(whole())
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            raw[data.draw(st.integers(0, 127))] = data.draw(st.integers(0, 255))
    save(tmp_path, labels=np.zeros(5, int))
    (tmp_path / "fog.npy").write_bytes(bytes(raw))
    try:
        images = [one.load()[0] for one in robust_sets(tmp_path)]
    except DataError:
        return
    assert np.concatenate(images).shape == (5, 3, 32, 32)
    changed = bytes(raw) != whole()
    same = np.array_equal(np.concatenate(images), pictures(5).transpose(0, 3, 1, 2))
    assert same or (changed and bytes(raw[128:]) == whole()[128:])  # fortran_order: True says another order
