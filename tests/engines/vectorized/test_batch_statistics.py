"""Means and variances hold in float32 for channels that lie far from zero."""

import numpy as np
import pytest

from nndl.engines.vectorized.batch_statistics import of_batch


@pytest.mark.parametrize("offset", [0.0, 3.0, 1e3, -3e4])
def test_variance_survives_a_large_mean(offset: float) -> None:
    random = np.random.default_rng(0)
    x = (random.standard_normal((40, 9, 8, 5)) * [0.5, 1, 2, 1, 1] + offset).astype(np.float32)
    exact = x.astype(np.float64).reshape(-1, 5)
    pixels, mean, var = of_batch(x)
    assert pixels == len(exact)
    np.testing.assert_allclose(mean, exact.mean(axis=0), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(var, exact.var(axis=0), rtol=2e-5)


def test_a_channel_of_equal_numbers_has_no_variance() -> None:
    _, mean, var = of_batch(np.full((3, 4, 4, 2), 0.1, np.float32))
    np.testing.assert_allclose(mean, 0.1, rtol=1e-6)
    assert (var >= 0).all()
    assert (var < 1e-12).all()
