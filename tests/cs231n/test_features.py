"""The features of assignment 1."""

import numpy as np
import pytest

from cs231n.features import color_histogram_hsv, extract_features, hog_feature, rgb2gray


def test_a_slope_to_the_right_is_one_direction_of_every_cell() -> None:
    """A gradient along x of 1 a pixel has the angle 0, which the course turns to 90 degrees: the fifth direction."""
    slope = np.tile(np.arange(32.0), (32, 1))
    cells = hog_feature(slope).reshape(4, 4, 9)
    np.testing.assert_allclose(cells[:3, :, 4], 1)
    np.testing.assert_allclose(cells[3, :, 4], 7 / 8)  # the last column has no neighbour; cells come column by column
    assert not cells[:, :, [0, 1, 2, 3, 5, 6, 7, 8]].any()


def test_hues_are_counted() -> None:
    pytest.importorskip("matplotlib")
    image = np.zeros((4, 4, 3))
    image[:2, :, 0], image[2:, :, 2] = 255, 255  # red above, blue below: hues 0 and 2/3
    histogram = color_histogram_hsv(image, nbin=3)
    np.testing.assert_allclose(histogram, [0.5, 0, 0.5])
    assert color_histogram_hsv(image).shape == (10,)


def test_features_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    images = np.random.default_rng(0).uniform(0, 255, (1000, 8, 8, 3))
    features = extract_features(images, [hog_feature, lambda image: rgb2gray(image)[0]], verbose=True)
    assert features.shape == (1000, 9 + 8)
    np.testing.assert_array_equal(features[7, :9], hog_feature(images[7]))
    assert capsys.readouterr().out == "Done extracting features for 1000 / 1000 images\n"
    assert extract_features(images[:0], [hog_feature]).size == 0
