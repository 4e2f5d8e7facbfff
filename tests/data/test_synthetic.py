import numpy as np
import pytest

from nndl.data.synthetic import PATTERNS, make_synthetic, scaled
from nndl.errors import DataError


def test_bytes_are_the_same_everywhere() -> None:
    digest = make_synthetic(40, 20).digest
    assert digest == "246cb330a9c951bd6ab78c4c68a6b28121c9be882f3cdf937aae0f24e9b2dc9d"


def test_shape_balance_and_name() -> None:
    data = make_synthetic(103, 50, seed=3)
    assert data.train.images.shape == (103, 3, 32, 32)
    assert sorted(np.bincount(data.train.labels)) == [10] * 7 + [11] * 3
    assert set(np.bincount(data.test.labels)) == {5}
    assert (data.name, data.synthetic, data.classes) == ("synthetic", True, tuple(PATTERNS))
    assert data.classes[0] == "horizontal stripes"


def test_seeds_and_sets_differ() -> None:
    one, other = make_synthetic(20, 20), make_synthetic(20, 20, seed=1)
    assert not np.array_equal(one.train.images, other.train.images)
    assert not np.array_equal(one.train.images, one.test.images)


def test_fewer_classes() -> None:
    data = make_synthetic(12, 9, classes=3)
    assert set(data.train.labels) == {0, 1, 2}
    assert data.classes == tuple(PATTERNS)[:3]


@pytest.mark.parametrize("arguments", [{"classes": 11}, {"classes": 1}, {"train_size": 9}, {"test_size": 0}])
def test_refuses_what_cannot_be(arguments: dict[str, int]) -> None:
    with pytest.raises(DataError, match="synthetic images: 2 to 10 classes"):
        make_synthetic(**arguments)


def test_colour_hints_but_does_not_tell() -> None:
    """Least squares on each image's mean colour: above chance (10 %), far below what patterns allow."""
    data = make_synthetic(2000, 1000)

    def colours(images: np.ndarray) -> np.ndarray:
        return np.c_[images.mean(axis=(2, 3)) / 255, np.ones(len(images))]

    weights = np.linalg.lstsq(colours(data.train.images), np.eye(10)[data.train.labels], rcond=None)[0]
    accuracy = np.mean((colours(data.test.images) @ weights).argmax(axis=1) == data.test.labels)
    assert 0.12 < accuracy < 0.35


def test_in_another_shape_every_pixel_is_one_of_theirs() -> None:
    images = make_synthetic(20, 10).train
    larger = scaled(images, (3, 64, 32))
    np.testing.assert_array_equal(larger.images, np.repeat(images.images, 2, axis=2))
    smaller = scaled(images, (1, 16, 8))
    np.testing.assert_array_equal(smaller.images, images.images[:, :1, ::2, ::4])
    np.testing.assert_array_equal(smaller.labels, images.labels)
