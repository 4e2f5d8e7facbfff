"""Muon's direction has the gradient's singular vectors, and singular values near one."""

import numpy as np
import pytest

from nndl.optim import muon, orthogonalised


@pytest.mark.parametrize("shape", [(6, 20), (20, 6), (8, 8), (1, 5)])
def test_all_directions_come_to_about_the_same_size(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    u = random.standard_normal(shape)
    left, _, right = np.linalg.svd(u, full_matrices=False)
    X = orthogonalised(u, 5)
    sizes = np.diag(left.T @ X @ right.T)
    np.testing.assert_allclose(left @ np.diag(sizes) @ right, X, atol=1e-10)
    assert sizes.min() > 0.5
    assert sizes.max() < 1.3
    np.testing.assert_allclose(orthogonalised(7 * u, 5), X, atol=1e-6)


def test_filters_are_scaled_and_others_follow_nesterov() -> None:
    random = np.random.default_rng(0)
    w, dw = random.standard_normal((2, 4, 3, 2, 2))
    config = {"learning_rate": 0.0}
    scaled, _ = muon(w, dw, config)
    assert np.linalg.norm(scaled) == pytest.approx(2.0)
    np.testing.assert_allclose(scaled / scaled[0, 0, 0, 0], w / w[0, 0, 0, 0])
    b, db = random.standard_normal((2, 5))
    config = {"learning_rate": 0.1, "other_momentum": 0.5}
    once, config = muon(b, db, config)
    np.testing.assert_allclose(once, b - 0.1 * 1.5 * db)
    twice, _ = muon(once, db, config)
    np.testing.assert_allclose(twice, once - 0.1 * (db + 0.5 * 1.5 * db))
