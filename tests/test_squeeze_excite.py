"""Squeeze-and-excitation: right against numerical gradients, and by hand."""

from typing import Any

import numpy as np
import pytest

from nndl import squeeze_excite
from tests.pairs import Tried, check_backward, check_inputs_and_dtype, draw, tried

CASES: dict[str, tuple[tuple[int, ...], int, str]] = {
    "sigmoid": ((3, 4, 2, 5), 2, "sigmoid"),
    "hard sigmoid": ((2, 5, 3, 3), 1, "hard_sigmoid"),
    "one example of one pixel": ((1, 3, 1, 1), 3, "sigmoid"),
}


def call(case: str, dtype: Any = np.float64) -> Tried:
    (N, C, H, W), S, gate = CASES[case]
    shapes = {"x": (N, C, H, W), "w1": (C, S), "b1": (S,), "w2": (S, C), "b2": (C,)}
    return tried(squeeze_excite, "squeeze_excite_{}", shapes, (gate,), dtype)


@pytest.mark.parametrize("case", CASES)
def test_backward_is_the_gradient_of_forward(case: str) -> None:
    check_backward(call(case))


@pytest.mark.parametrize("case", CASES)
def test_inputs_stay_and_float32_stays_float32(case: str) -> None:
    check_inputs_and_dtype(call(case, np.float32))


def test_gates_by_hand() -> None:
    """The means are 2 and -1: a is 2 - 2 + 1 = 1 and -2 + 1 = -1; behind the ReLU 1 and 0."""
    x = np.array([[[[1.0, 3.0]], [[-1.0, -1.0]]]])
    w1, b1 = np.array([[1.0, -1.0], [2.0, 0.0]]), np.array([1.0, 1.0])
    w2, b2 = np.array([[np.log(3), 0.0], [5.0, 5.0]]), np.array([0.0, -np.log(3)])
    out, _ = squeeze_excite.squeeze_excite_forward(x, w1, b1, w2, b2)
    np.testing.assert_allclose(out, [[[[0.75, 2.25]], [[-0.25, -0.25]]]], rtol=1e-14)
    out, _ = squeeze_excite.squeeze_excite_forward(x, w1, b1, w2, np.array([3.0, -3.0]), "hard_sigmoid")
    np.testing.assert_allclose(out, [[[[1.0, 3.0]], [[0.0, 0.0]]]], atol=1e-15)


def test_numbers_of_any_size_pass_without_a_warning() -> None:
    """Gates are shut or open then: exp(1000) must not be asked for."""
    x = 1e4 * draw(2, 3, 2, 2)
    out, cache = squeeze_excite.squeeze_excite_forward(x, draw(3, 2), np.ones(2), 1e3 * draw(2, 3), np.zeros(3))
    assert np.isfinite(out).all()
    assert all(np.isfinite(each).all() for each in squeeze_excite.squeeze_excite_backward(draw(2, 3, 2, 2), cache))
