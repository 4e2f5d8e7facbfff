"""The rounds on XX' give what the definition's rounds on X give."""

from typing import Any

import numpy as np
import pytest

from nndl.optim import orthogonalised as by_definition
from nndl.train.orthogonal import orthogonalised

SHAPES = [(1, 5), (8, 8), (6, 200), (64, 216), (70, 6)]


def spread(shape: tuple[int, int], dtype: Any, smallest: float) -> np.ndarray:
    """Return a matrix whose singular values fall from 1 to `smallest`."""
    left, _, right = np.linalg.svd(np.random.default_rng(3).standard_normal(shape), full_matrices=False)
    return np.asarray(left * np.geomspace(1, smallest, min(shape)) @ right, dtype)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rounds", [1, 2, 3, 4, 10])
def test_equal_to_the_definition_in_float64(shape: tuple[int, int], rounds: int) -> None:
    u = spread(shape, np.float64, 1e-3)
    np.testing.assert_allclose(orthogonalised(u, rounds), by_definition(u, rounds), rtol=0, atol=1e-11)


@pytest.mark.parametrize("smallest", [0.5, 1e-3, 1e-6])
@pytest.mark.parametrize("rounds", [3, 5, 10])
def test_as_exact_in_float32_as_the_definition(smallest: float, rounds: int) -> None:
    u = spread((64, 216), np.float32, smallest)
    exact = by_definition(u.astype(np.float64), rounds)
    error, allowed = (np.abs(way(u, rounds) - exact).max() for way in (orthogonalised, by_definition))
    assert orthogonalised(u, rounds).dtype == np.float32
    assert error < 5 * allowed


def test_zeros_stay_zeros() -> None:
    assert not orthogonalised(np.zeros((4, 9), np.float32)).any()
