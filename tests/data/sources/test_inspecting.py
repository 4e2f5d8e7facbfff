"""A look at a folder finds what is in it."""

import io
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndl.data.dataset import Dataset, Images
from nndl.data.sources.folder import gather
from nndl.data.sources.inspecting import inspect_dataset, inspect_pictures
from nndl.data.sources.registry import SOURCES
from nndl.data.sources.sheet import CELL, contact_sheet
from nndl.data.sources.wanted import Wanted
from nndl.errors import DataError
from tests.data.sources.drawn import COLOURS, fill, picture

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    fill(tmp_path / "pets" / "train", {"cat": 7, "dog": 5})
    fill(tmp_path / "pets" / "test", {"cat": 2, "dog": 3}, first=20)
    return tmp_path / "pets"


def test_counts_sizes_kinds_and_brightness(pets: Path) -> None:
    found = inspect_pictures(gather, Wanted(pets))
    assert found.classes == ("cat", "dog")
    assert (found.labels.count(0), found.labels.count(1), found.parts.count("test")) == (9, 8, 5)
    assert sum(found.kinds.values()) == 17
    assert found.kinds["PNG RGB"] == 2 + 1 + 1  # numbers 0 and, of 20 to 22, 21
    assert all(20 <= side < 70 for size in found.sizes for side in size)
    expected = np.average([COLOURS["cat"], COLOURS["dog"]], axis=0, weights=[7, 5])
    np.testing.assert_allclose(found.mean, expected, atol=4)
    assert min(found.deviation) > 10
    assert (found.damaged, found.exact) == ([], [])


def test_damaged_pictures_and_copies_across_train_and_test(pets: Path) -> None:
    shutil.copy(pets / "train" / "cat" / "000.png", pets / "test" / "dog" / "copy.png")
    picture("dog", 1).resize((200, 210), Image.Resampling.BICUBIC).save(pets / "train" / "dog" / "larger.bmp")
    (pets / "test" / "cat" / "x.jpg").write_text("no picture")
    found = inspect_pictures(gather, Wanted(pets))
    ((label, words),) = found.damaged
    assert (label, "x.jpg is no picture" in words) == (0, True)
    (pair,) = found.across(found.exact)
    assert [Path(found.names[number]).name for number in pair] == ["000.png", "copy.png"]
    assert found.of_two_classes(found.exact) == [pair]


def test_a_class_of_which_nothing_is_whole_is_a_fault(pets: Path) -> None:
    for path in (pets / "train" / "dog").iterdir():
        path.write_bytes(b"")
    found = inspect_pictures(gather, Wanted(pets))
    assert [fault.classes for fault in found.faults] == [("dog",)]
    assert "no picture of dog to train on is whole" in found.faults[0].words
    assert (len(found.damaged), found.labels.count(0), found.labels.count(1)) == (5, 9, 3)


def test_what_validates_is_a_part_of_its_own(pets: Path) -> None:
    fill(pets / "val", {"cat": 4, "dog": 4}, first=40)
    shutil.copy(pets / "train" / "cat" / "000.png", pets / "val" / "cat" / "copy.png")
    shutil.copy(pets / "test" / "dog" / "021.png", pets / "val" / "dog" / "copy.png")
    found = inspect_pictures(gather, Wanted(pets))
    assert [found.parts.count(part) for part in ("train", "valid", "test")] == [12, 10, 5]
    assert [len(found.across(found.exact, *parts)) for parts in (("train",), ("train", "valid"), ("valid",))] == [
        0,
        1,
        1,
    ]
    random = np.random.default_rng(0)
    train = Images(random.integers(0, 200, (20, 1, 28, 28), np.uint8), np.arange(20) % 2)
    train.images[15:] = 255
    digits = Dataset("digits", train, train.take(np.arange(4)), ("0", "1"), False, 5)
    found = inspect_dataset(lambda _: digits, Wanted(pets))
    assert [found.parts.count(part) for part in ("train", "valid", "test")] == [15, 5, 4]
    np.testing.assert_allclose(found.mean, train.images[:15].mean())


def test_faults_of_classes_are_noted_and_the_pictures_looked_at_all_the_same(tmp_path: Path, pets: Path) -> None:
    (pets / "train" / "empty").mkdir()
    fill(pets / "test", {"owl": 2}, first=20)
    found = inspect_pictures(gather, Wanted(pets))
    assert found.classes == ("cat", "dog", "empty", "owl")
    assert [fault.classes for fault in found.faults] == [("owl",), ("empty",)]
    assert len(found.names) == 19
    fill(tmp_path / "tree", {"cat": 4, "dog": 1})
    (tmp_path / "tree" / "empty").mkdir()
    found = inspect_pictures(gather, Wanted(tmp_path / "tree"))
    assert [fault.classes for fault in found.faults] == [("empty",), ("dog",)]
    for name in ("cat", "dog"):
        shutil.rmtree(tmp_path / "tree" / name)
        (tmp_path / "tree" / name).mkdir()
    assert inspect_pictures(gather, Wanted(tmp_path / "tree")).faults[0].classes == ("cat", "dog", "empty")


@pytest.mark.parametrize(
    ("names", "train", "test", "faults"),
    [
        ("cat dog owl", "0 0 1 1", "0 1", [("owl",)]),
        ("", "3 3 7 7", "3 5 7", [("5",)]),
        ("", "3 3 7 7", "", [("3", "7")]),
        ("", "3 7 7", None, [("3", "7")]),
        ("", "3 3 7 7", "3 7", []),
    ],
)
def test_faults_of_classes_are_noted_of_arrays_too(
    tmp_path: Path, names: str, train: str, test: str | None, faults: list[tuple[str, ...]]
) -> None:
    arrays: dict[str, Any] = {"names": np.array(names.split())} if names else {}
    for part, labels in (("train", train), ("test", test)):
        if labels is not None:
            arrays[f"y_{part}"] = np.array(labels.split(), np.int64)
            arrays[f"x_{part}"] = np.arange(64 * len(labels.split()), dtype=np.uint8).reshape(-1, 8, 8)
    np.savez(tmp_path / "some.npz", **arrays)
    found = inspect_dataset(SOURCES["npz"].load, Wanted(tmp_path / "some.npz"))
    assert [fault.classes for fault in found.faults] == faults
    assert set().union(*faults) <= set(found.classes)
    assert len(found.labels) == len(train.split()) + len((test or "").split())
    if faults:
        with pytest.raises(DataError, match=re.escape(found.faults[0].words)):
            SOURCES["npz"].load(Wanted(tmp_path / "some.npz"))


def test_images_that_are_arrays_are_looked_at_too() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 1, 28, 28), np.uint8)
    labels = np.arange(20) % 2
    test = pixels[:4].copy()
    test[3] = 9
    data = Dataset("digits", Images(pixels, labels), Images(test, labels[:4]), ("0", "1"), False)
    found = inspect_dataset(lambda _: data, Wanted(Path("digits")))
    assert found.exact == [(0, 20), (1, 21), (2, 22)]
    assert found.across(found.exact) == found.exact
    assert found.sizes[0] == (28, 28)
    np.testing.assert_allclose(found.mean, pixels.mean())
    np.testing.assert_allclose(found.deviation, pixels.std())


def test_a_contact_sheet_shows_them_row_by_row() -> None:
    red, grey = np.zeros((3, 72, 72), np.uint8), np.full((1, 72, 72), 100, np.uint8)
    red[0] = 200
    content = contact_sheet([("red", [red] * 3), ("gr\u4e16\x1b", [grey])])
    with Image.open(io.BytesIO(content)) as sheet:
        pixels = np.asarray(sheet)
    assert pixels.shape[0] > 2 * CELL
    assert (pixels == [200, 0, 0]).all(axis=2).sum() == 3 * CELL * CELL
    assert (pixels == [100, 100, 100]).all(axis=2).sum() >= CELL * CELL
