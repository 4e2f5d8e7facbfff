"""Images and labels as people keep them, in .npz files: every layout and type means the same images."""

import os
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndl.data.sources.npz import load, survey
from nndl.data.sources.wanted import Found, Wanted
from nndl.errors import DataError

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.integers(0, 256, (40, 3, 12, 10), np.uint8), np.arange(40) % 4
GREY = X[:, :1]
X_TEST, Y_TEST = X[:9][::-1].copy(), Y[:9][::-1].copy()


def saved(folder: Path, **arrays: Any) -> Wanted:
    np.savez(folder / "toys.npz", **arrays)
    return Wanted(folder / "toys.npz")


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("images_train", "labels_train", "images_val", "labels_val"),
    ],
)
def test_the_names_of_keras_and_of_others(tmp_path: Path, names: tuple[str, ...]) -> None:
    wanted = saved(tmp_path, **dict(zip(names, (X, Y, X_TEST, Y_TEST), strict=True)))
    data = load(wanted)
    assert survey(wanted) == Found((3, 12, 10), ("0", "1", "2", "3"), 40)
    assert (data.name, data.classes) == ("toys", ("0", "1", "2", "3"))
    np.testing.assert_array_equal(data.train.images, X)
    np.testing.assert_array_equal(data.test.images, X_TEST)
    np.testing.assert_array_equal(data.test.labels, Y_TEST)


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (X, X),
        (X.transpose(0, 2, 3, 1), X),
        (X.astype(np.int64), X),
        (X.astype(np.float32), X),
        (X / 255, X),
        ((X / 255).astype(np.float32).transpose(0, 2, 3, 1), X),
        (GREY, GREY),
        (GREY[:, 0], GREY),
        (GREY.transpose(0, 2, 3, 1), GREY),
        (X[:, :, :10].reshape(40, -1), X[:, :, :10]),
        (GREY[:, :, :10].reshape(40, -1), GREY[:, :, :10]),
        (np.asfortranarray(X), X),
    ],
)
def test_every_layout_and_type_means_the_same_bytes(tmp_path: Path, images: Any, expected: Any) -> None:
    data = load(saved(tmp_path, x_train=images, y_train=Y, x_test=images[:9], y_test=Y[:9]))
    np.testing.assert_array_equal(data.train.images, expected)
    np.testing.assert_array_equal(data.test.images, expected[:9])


@pytest.mark.parametrize(
    "labels",
    [Y[:, None], Y.astype(np.uint8), Y.astype(np.float64), np.eye(4)[Y], np.eye(4, dtype=np.int64)[Y]],
)
def test_labels_may_be_columns_floats_or_rows_of_one_1(tmp_path: Path, labels: Any) -> None:
    data = load(saved(tmp_path, x_train=X, y_train=labels, x_test=X[:9], y_test=labels[:9]))
    assert data.classes == ("0", "1", "2", "3")
    np.testing.assert_array_equal(data.train.labels, Y)


def test_classes_have_the_names_that_are_given_or_their_labels(tmp_path: Path) -> None:
    names = np.array(["hat", "car", "ball", "doll"])
    data = load(saved(tmp_path, x_train=X, y_train=Y, x_test=X[:9], y_test=Y[:9], class_names=names))
    assert data.classes == ("hat", "car", "ball", "doll")
    text = load(saved(tmp_path, x_train=X, y_train=names[Y], x_test=X[:9], y_test=names[Y[:9]]))
    assert text.classes == ("ball", "car", "doll", "hat")
    assert [text.classes[label] for label in text.train.labels] == names[Y].tolist()
    tens = load(saved(tmp_path, X=X, y=10 * Y + 10))
    assert tens.classes == ("10", "20", "30", "40")


def test_one_pair_is_split_as_a_folder_is(tmp_path: Path) -> None:
    wanted = saved(tmp_path, X=X, y=Y)
    data = load(wanted)
    assert (len(data.train), len(data.test), survey(wanted).train) == (32, 8, 32)
    assert np.bincount(data.test.labels).tolist() == [2, 2, 2, 2]
    everything = {image.tobytes() for part in (data.train, data.test) for image in part.images}
    assert everything == {image.tobytes() for image in X}
    assert not np.array_equal(load(Wanted(wanted.root, seed=1)).test.images, data.test.images)


def test_some_classes_are_taken(tmp_path: Path) -> None:
    wanted = saved(tmp_path, x_train=X, y_train=Y, x_test=X_TEST, y_test=Y_TEST)
    data = load(Wanted(wanted.root, classes=("3", "1")))
    np.testing.assert_array_equal(data.train.images, X[(Y == 3) | (Y == 1)])
    np.testing.assert_array_equal(data.test.labels, [{3: 0, 1: 1}[label] for label in Y_TEST if label in (1, 3)])


def test_the_only_file_of_a_folder_is_meant(tmp_path: Path) -> None:
    saved(tmp_path, X=X, y=Y)
    assert load(Wanted(tmp_path)).name == "toys"
    np.savez(tmp_path / "more.npz", X=X)
    with pytest.raises(DataError, match=r"holds 2 \.npz files \(more\.npz, toys\.npz\); name one"):
        load(Wanted(tmp_path))


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": X}, "holds a; images and labels are x_train"),
        ({"X": X, "y": Y[:39]}, r"40 images, and labels \(39,\); each image has one"),
        ({"X": X[:, :2], "y": Y}, r"images are .* not \(40, 2, 12, 10\)"),
        ({"X": X[:, :, :7], "y": Y}, "sides of 8 to 224"),
        ({"X": X.astype(int) * 2, "y": Y}, "pixels go from 0 to 510"),
        ({"X": X - 0.5, "y": Y}, "pixels go from -0.5"),
        ({"X": X / 2, "y": Y}, "pixels are floats to 127.5"),
        ({"X": np.full(X.shape, np.nan), "y": Y}, "no numbers .NaN"),
        ({"X": X > 9, "y": Y}, "not bool"),
        ({"X": X, "y": Y + 0.5}, "labels are whole numbers or text, and one is 0.5"),
        ({"X": X, "y": np.ones((40, 4))}, "no rows that are 1 at one class"),
        ({"X": X, "y": np.zeros(40, int)}, "has one class"),
        ({"X": X, "y": Y, "classes": np.array(["a", "b"])}, "labels go from 0 to 3, and 2 classes are named"),
        ({"X": X, "y": Y, "classes": np.array(list("abcde"))}, "has no image of e; leave it out"),
        ({"x_train": X, "y_train": Y, "x_test": X, "y_test": Y + 1}, "has images of 4, and"),
        ({"x_train": X, "y_train": Y, "x_test": GREY, "y_test": Y}, "3 x 12 x 10 and 1 x 12 x 10"),
        ({"X": X, "y": np.array([{}] * 40)}, "holds Python objects"),
        ({"X": X[:4], "y": Y[:4]}, "too few to train and test on"),
        ({"X": X[:0], "y": Y[:0]}, "has no classes"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused_in_words(tmp_path: Path, arrays: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        load(saved(tmp_path, **arrays))


def test_what_is_no_file_of_arrays_is_refused(tmp_path: Path) -> None:
    (tmp_path / "toys.npz").write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"is no \.npz file that can be read"):
        survey(Wanted(tmp_path))
    with pytest.raises(DataError, match=r"there is no file or folder .*none"):
        survey(Wanted(tmp_path / "none"))
    saved(tmp_path, X=X, y=Y)
    content = bytearray((tmp_path / "toys.npz").read_bytes())
    content[2000] ^= 1
    (tmp_path / "toys.npz").write_bytes(bytes(content))
    with pytest.raises(DataError, match="X is damaged"):
        load(Wanted(tmp_path))


def test_an_array_that_says_it_is_huge_is_not_read(tmp_path: Path) -> None:
    saved(tmp_path, X=X, y=Y)
    with zipfile.ZipFile(tmp_path / "toys.npz", "w") as archive:
        np.save(tmp_path / "y.npy", Y)
        head = b"{'descr': '|u1', 'fortran_order': False, 'shape': (40000000, 3, 32, 32), }".ljust(117) + b"\n"
        archive.writestr("X.npy", b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head)
        archive.write(tmp_path / "y.npy", "y.npy")
    with pytest.raises(DataError, match="X would take 114 GiB; at most 8 are read"):
        survey(Wanted(tmp_path / "toys.npz"))


@pytest.mark.parametrize(
    ("shape", "kind", "words"),
    [
        ((40,), "<U99999999", "y would take 15 GiB; at most 1 are read"),
        ((10**8,), "|u1", "y holds 100,000,000 labels; at most 2,000,000 are read"),
    ],
)
def test_labels_that_say_they_are_huge_are_not_read(
    tmp_path: Path, shape: tuple[int, ...], kind: str, words: str
) -> None:
    head = repr({"descr": kind, "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    saved(tmp_path, X=X)
    with zipfile.ZipFile(tmp_path / "toys.npz", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("y.npy", b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head)
    with pytest.raises(DataError, match=words):
        survey(Wanted(tmp_path / "toys.npz"))


def test_a_head_that_says_it_is_long_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "toys.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.npy", b"\x93NUMPY\x02\x00" + (1 << 26).to_bytes(4, "little") + bytes(1 << 26))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"is no \.npz file that can be read"):
            survey(Wanted(tmp_path / "toys.npz"))
        assert tracemalloc.get_traced_memory()[1] < 1 << 23
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_a_folder_is_no_file_of_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(DataError, match=r"holds 0 \.npz files"):
        survey(Wanted(tmp_path))
    saved(tmp_path, X=X, y=Y)
    assert survey(Wanted(tmp_path)).train == 32


def test_a_val_part_validates_where_that_is_wanted_and_is_else_left_out(tmp_path: Path) -> None:
    wanted = saved(tmp_path, x_train=X, y_train=Y, x_val=X[:5], y_val=Y[:5], x_test=X_TEST, y_test=Y_TEST)
    apart = Wanted(wanted.root, valid_apart=True)
    data = load(apart)
    assert survey(apart) == Found((3, 12, 10), ("0", "1", "2", "3"), 40, 5)
    assert (len(data.train), data.valid, len(load(wanted).train)) == (45, 5, 40)
    np.testing.assert_array_equal(data.train.images[40:], X[:5])
    some = load(Wanted(wanted.root, valid_apart=True, classes=("3", "1")))
    assert (len(some.train), some.valid) == (22, 2)
    assert data.of_classes(("3", "1")).valid == 2


def test_a_file_of_many_arrays_is_refused_before_their_heads_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "toys.npz", "w") as archive:
        for number in range(1001):
            archive.writestr(f"{number}.npy", b"no array")
    with pytest.raises(DataError, match="holds 1,001 arrays; at most 1,000 are read: save images and labels"):
        survey(Wanted(tmp_path))
