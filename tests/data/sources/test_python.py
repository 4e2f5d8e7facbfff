"""Data sets of arrays that are given in Python: as in a file, refused in words, and the same when written."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndl.data.sources.npz import load
from nndl.data.sources.python import Dataset
from nndl.data.sources.wanted import Wanted
from nndl.errors import DataError

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.integers(0, 256, (40, 12, 10), np.uint8), np.arange(40) % 4
WHOLE = X / 255


def test_layouts_types_and_labels_mean_the_same_images() -> None:
    made = Dataset.from_arrays(X, Y, X[:8], Y[:8])
    for images, labels in ((WHOLE, Y[:, None]), (X[:, None], np.eye(4)[Y]), (X[..., None].tolist(), Y.tolist())):
        assert Dataset.from_arrays(images, labels, X[:8], Y[:8]).digest == made.digest
    assert (made.train.shape, made.classes, len(made.test)) == ((1, 12, 10), ("0", "1", "2", "3"), 8)


def test_objects_as_pandas_has_them_are_text_or_whole_numbers() -> None:
    made = Dataset.from_arrays(X, Y, X[:8], Y[:8])
    names = np.array(["ant", "bee", "größer", "d o g"])[Y]
    told = Dataset.from_arrays(X.astype(object), names.astype(object), X[:8], names[:8].tolist())
    assert told.classes == ("ant", "bee", "d o g", "größer")
    np.testing.assert_array_equal(told.train.images, made.train.images)
    assert Dataset.from_arrays(X, Y.astype(object), X[:8], Y[:8]).digest == made.digest
    assert Dataset.from_arrays(X, np.char.encode(names, "utf-8")).classes == told.classes


def test_later_changes_of_the_arrays_change_nothing() -> None:
    images, labels = X[:, None].copy(), Y.copy()
    made = Dataset.from_arrays(images, labels, images, labels)
    images[:] = labels[:] = 0
    np.testing.assert_array_equal(made.train.images, X[:, None])
    np.testing.assert_array_equal(made.test.labels, Y)


def test_without_a_test_set_a_fifth_of_each_class_tests() -> None:
    made = Dataset.from_arrays(X, Y, classes=["ant", "bee", "cat", "dog"])
    assert made.classes == ("ant", "bee", "cat", "dog")
    assert np.bincount(made.test.labels).tolist() == [2, 2, 2, 2]
    assert len(made.train) == 32


def test_a_file_of_them_is_read_as_the_same(tmp_path: Path) -> None:
    made = Dataset.from_arrays(X, Y, X[:8], Y[:8], classes=["ant", "bee", "größer", "d o g"])
    path = made.save(tmp_path / "toys")
    assert path == tmp_path / "toys.npz"
    again = load(Wanted(path))
    assert (again.digest, again.classes, again.name) == (made.digest, made.classes, "toys")
    assert [each.name for each in tmp_path.iterdir()] == ["toys.npz"]


def test_a_file_that_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "toys.npz").mkdir()
    with pytest.raises(DataError, match=r"toys\.npz cannot be written"):
        Dataset.from_arrays(X, Y).save(tmp_path / "toys.npz")
    assert [each.name for each in tmp_path.iterdir()] == ["toys.npz"]


def with_one(array: Any, value: float) -> Any:
    changed = np.array(array, float)
    changed.flat[3] = value
    return changed


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((X, Y[:-1]), r"y_train: 40 images, and labels \(39,\); each image has one"),
        ((X, Y, X, Y[:-1]), r"y_test: 40 images, and labels \(39,\)"),
        ((X, Y, X), "give both, or neither"),
        ((X, with_one(Y, np.nan)), "y_train: labels are whole numbers or text, and one is nan"),
        ((X, with_one(Y, 0.5)), "and one is 0.5"),
        ((with_one(WHOLE, np.nan), Y), r"some pixels are no numbers \(NaN\)"),
        ((with_one(WHOLE, -0.1), Y), "pixels go from -0.1 to 1.0"),
        ((with_one(WHOLE, np.inf), Y), "to inf"),
        ((np.zeros((9000, 8, 8), np.uint8), np.arange(9000)), "9,000 classes .* and 1,000 can be learnt"),
        ((X[:1], Y[:1]), r"has one class \(0\); it takes two"),
        ((X[:2], Y[:2]), "too few to train and test on"),
        ((X[0], Y[:1]), r"not \(12, 10\)"),
        ((X[0, 0, 0], Y[:1]), r"not \(\)"),
        (([], []), r"not \(0,\)"),
        (([[1, 2], [3]], Y), "X_train makes no array"),
        ((X, Y, X[:0], Y[:0]), "X_test has no image of 0, 1, 2, 3 to test on"),
        ((X, Y % 3, X, Y), "X_test has images of 3, and X_train has none"),
        ((X, Y, X[:, :9], Y), "1 x 12 x 10 and 1 x 9 x 10"),
        ((X, ["a"] * 20 + ["b\x1b[0m"] * 20), r"letters that cannot be seen: 'b\\\\x1b\[0m'"),
        ((WHOLE.astype(object), Y), "not object"),
        ((X, [*Y[1:].tolist(), None]), "not object"),
        ((X, [*Y[1:].tolist(), 1 << 70]), "not object"),
        ((X, with_one(Y, np.inf)), "and one is inf"),
        ((X, np.array([b"a"] * 39 + [b"\xff\x1b"])), "letters that cannot be seen"),
    ],
)
def test_what_is_no_data_set_is_told(given: tuple[Any, ...], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Dataset.from_arrays(*given)


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        (["ant", "bee", "cat"], "labels go from 0 to 3, and 3 classes are named"),
        (["ant", "bee", "cat", "cat"], "class cat is named twice"),
        (["ant", "bee", "cat", "dog", "owl"], "no image of owl"),
        ("abcd", "not 'abcd'"),
        ([1, 2, 3, 4], "classes are the names of labels"),
    ],
)
def test_names_that_do_not_fit_the_labels_are_told(classes: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        Dataset.from_arrays(X, Y, classes=classes)


def test_negative_labels_have_no_place_among_names() -> None:
    with pytest.raises(DataError, match="labels go from -1 to 2"):
        Dataset.from_arrays(X, Y - 1, classes=["ant", "bee", "cat", "dog"])
    assert Dataset.from_arrays(X, np.where(Y % 2, 1, -1)).classes == ("-1", "1")


@pytest.mark.parametrize("kind", ["str", "string", "category", "object"])
def test_labels_of_pandas_are_text(kind: str) -> None:
    words = ["ant", "bee", "cat", "dog"]
    made = Dataset.from_arrays(X, pytest.importorskip("pandas").Series([words[y] for y in Y], dtype=kind))
    assert made.classes == tuple(words)
    assert made.digest == Dataset.from_arrays(X, Y).digest


def test_objects_that_are_all_text_or_all_whole_numbers_are_labels() -> None:
    made = Dataset.from_arrays(X, Y)
    for labels in (np.array(list("0123"), object)[Y], Y.astype(object), Y.astype(object)[:, None]):
        assert Dataset.from_arrays(X, labels).digest == made.digest


@pytest.mark.parametrize("name", ["y_train", "y_test"])
@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array(["a", None] * 20, object), "not object"),
        (np.array([{}] * 40, object), "not object"),
        (Y[:7], "40 images, and labels"),
        (Y / 2, "one is 0.5"),
    ],
)
def test_faults_of_labels_name_the_labels(name: str, labels: Any, words: str) -> None:
    given = {"X_train": X, "y_train": Y, "X_test": X, "y_test": Y, name: labels}
    with pytest.raises(DataError, match=f"^{name}: .*{words}"):
        Dataset.from_arrays(**given)
