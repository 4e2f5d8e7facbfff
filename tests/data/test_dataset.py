"""Images in memory: their shape is checked, and a subset of the classes is numbered anew."""

import re
from dataclasses import replace

import numpy as np
import pytest

from nndl.data.dataset import Dataset, Images
from nndl.errors import DataError

LABELS = np.array([0, 1, 2, 1, 0])
PIXELS = np.arange(5 * 1 * 4 * 6, dtype=np.uint8).reshape(5, 1, 4, 6)
SET = Dataset("pets", Images(PIXELS, LABELS), Images(PIXELS[:3].copy(), LABELS[:3]), ("cat", "dog", "owl"), False)


def test_any_size_in_grey_or_colour_is_an_image() -> None:
    assert SET.train.shape == (1, 4, 6)
    assert Images(np.zeros((2, 3, 224, 8), np.uint8), np.zeros(2, np.int64)).shape == (3, 224, 8)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (np.zeros((5, 2, 4, 6), np.uint8), LABELS),
        (np.zeros((5, 4, 6), np.uint8), LABELS),
        (PIXELS.astype(np.float32), LABELS),
        (PIXELS, LABELS[:4]),
        (PIXELS, LABELS.astype(np.uint8)),
        (PIXELS.transpose(0, 1, 3, 2), LABELS),
    ],
)
def test_what_is_none_is_refused(images: np.ndarray, labels: np.ndarray) -> None:
    with pytest.raises(DataError):
        Images(images, labels)


def test_a_subset_of_the_classes_is_numbered_in_its_own_order() -> None:
    some = SET.of_classes(("owl", "cat"))
    assert some.classes == ("owl", "cat")
    assert some.train.labels.tolist() == [1, 0, 1]
    np.testing.assert_array_equal(some.train.images, PIXELS[[0, 2, 4]])
    assert some.test.labels.tolist() == [1, 0]
    assert SET.of_classes(SET.classes) is SET


def test_a_class_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match="pets has no class cow, hen; it has cat, dog, owl"):
        SET.of_classes(("cow", "cat", "hen"))


def test_a_data_set_is_shown_by_its_counts_not_by_its_pixels() -> None:
    assert repr(SET) == "Dataset('pets': 5 images to train on, 3 to test on, 1 x 4 x 6, 3 classes)"
    assert repr(SET.train) == "Images(5 of 1 x 4 x 6)"
    with_valid = replace(SET, valid=2, classes=("cat", "<dog>", "owl"))
    assert "3 images to train on, 2 to validate on, 3 to test on" in repr(with_valid)
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in with_valid._repr_html_().split("<tr>")[1:]]
    assert rows == [
        ["class", "train", "valid", "test"],
        ["cat", "1", "1", "1"],
        ["&lt;dog&gt;", "1", "1", "1"],
        ["owl", "1", "0", "1"],
        ["all", "3", "2", "3"],
    ]
    assert "valid" not in SET._repr_html_()
