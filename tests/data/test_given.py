"""Images as people have them, of the shape that a network takes."""

import numpy as np
import pytest

from nndl.data.given import as_pixels
from nndl.errors import UsageError

WIDE = np.arange(2 * 3 * 8 * 12).reshape(2, 3, 8, 12).astype(np.uint8)
GREY = WIDE[:, :1]


def test_channels_may_come_first_or_last() -> None:
    np.testing.assert_array_equal(as_pixels(WIDE, (3, 8, 12)), WIDE)
    np.testing.assert_array_equal(as_pixels(WIDE.transpose(0, 2, 3, 1), (3, 8, 12)), WIDE)


def test_grey_needs_no_axis_for_its_channel() -> None:
    for layout in (GREY, GREY.transpose(0, 2, 3, 1), GREY[:, 0]):
        np.testing.assert_array_equal(as_pixels(layout, (1, 8, 12)), GREY)
    np.testing.assert_allclose(as_pixels(GREY[:, 0] / 255, (1, 8, 12)), GREY)


@pytest.mark.parametrize(
    ("images", "shape", "words"),
    [
        (WIDE, (3, 12, 8), r"images are \(N, 12, 8, 3\) or \(N, 3, 12, 8\), not \(2, 3, 8, 12\)"),
        (WIDE, (1, 8, 12), r"\(N, 8, 12, 1\) or \(N, 1, 8, 12\) or \(N, 8, 12\), not"),
        (GREY[0], (1, 8, 12), r"images\[None\]"),
        (GREY[0, 0], (1, 8, 12), r"not \(8, 12\)"),
        (GREY[:, 0].astype(int), (1, 8, 12), "not int64"),
    ],
)
def test_others_are_refused_with_what_would_be_right(
    images: np.ndarray, shape: tuple[int, int, int], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        as_pixels(images, shape)
