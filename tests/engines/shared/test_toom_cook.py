"""The table of points gives filters of three numbers, at every size."""

import numpy as np
import pytest

from nndl.engines.shared.toom_cook import SIZES, transforms


@pytest.mark.parametrize("size", SIZES)
def test_transforms_filter(size: int) -> None:
    """y = A' [(G w) * (B' d)] is the sum of w over every window of d, exactly but for rounding."""
    random = np.random.default_rng(size)
    d, w = random.standard_normal(size + 2), random.standard_normal(3)
    B_T, G, A_T = transforms(size)
    np.testing.assert_allclose(A_T @ ((G @ w) * (B_T @ d)), np.correlate(d, w), rtol=0, atol=1e-14 * np.abs(B_T).max())


def test_transforms_of_four_are_the_published_ones() -> None:
    """Lavin and Gray 2015, section 4.3: F(4 x 4, 3 x 3)."""
    B_T, G, A_T = transforms(4)
    assert B_T.tolist() == [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
    np.testing.assert_allclose(
        24 * G, [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], rtol=0, atol=1e-14
    )
    assert A_T.tolist() == [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]
