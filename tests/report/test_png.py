"""Pictures are PNG that others read."""

import io

import numpy as np
import pytest

from nndl.report.png import as_picture, data_uri, filter_pictures, png


def test_pillow_reads_the_same_pixels() -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    with image.open(io.BytesIO(png(pixels))) as opened:
        np.testing.assert_array_equal(np.asarray(opened), pixels)
    assert data_uri(pixels).startswith("data:image/png;base64,iVBOR")


def test_filters_are_scaled_one_by_one_about_grey() -> None:
    w = np.zeros((2, 3, 2, 2))
    w[1, 0, 0, 1], w[1, 2, 1, 1] = 0.5, -0.25
    empty, one = filter_pictures(w)
    assert (empty == 128).all()
    assert one[0, 1].tolist() == [255, 128, 128]
    assert one[1, 1].tolist() == [128, 128, 64]


def test_channels_come_last_in_a_picture() -> None:
    assert as_picture(np.arange(12, dtype=np.uint8).reshape(3, 2, 2))[1, 0].tolist() == [2, 6, 10]


def test_one_channel_is_grey_in_a_picture() -> None:
    grey = as_picture(np.arange(4, dtype=np.uint8).reshape(1, 2, 2))
    assert grey.shape == (2, 2, 3)
    assert grey[1, 0].tolist() == [2, 2, 2]
    (filters,) = filter_pictures(np.array([0.0, 1, -1, 0.5]).reshape(1, 1, 2, 2))
    assert filters[:, :, 0].tolist() == filters[:, :, 2].tolist() == [[128, 255], [0, 191]]
