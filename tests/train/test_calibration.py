"""Calibration error and confidence interval, against figures worked out by hand and against published ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl.train.calibration import BINS, calibration_error, reliability, softmax, wilson_interval


def test_softmax_of_large_scores_does_not_overflow() -> None:
    np.testing.assert_allclose(softmax(np.array([[1000.0, 1000.0], [0.0, np.log(3)]])), [[0.5, 0.5], [0.25, 0.75]])


def test_each_image_falls_into_the_bin_of_its_confidence() -> None:
    scores = np.log(np.array([[0.9, 0.1], [0.35, 0.65], [0.5, 0.5]]))
    table = reliability(scores, np.array([0, 0, 0]))
    filled = {int(b): table[b].tolist() for b in np.flatnonzero(table[:, 0])}
    assert set(filled) == {7, 9, 13}  # 0.5, 0.65 and 0.9 times 15, rounded down
    assert filled[13] == pytest.approx([1, 0.9, 1])
    assert filled[9] == pytest.approx([1, 0.65, 0])
    assert table[:, 0].sum() == 3


def test_the_error_is_the_mean_distance_of_accuracy_and_confidence() -> None:
    table = np.zeros((BINS, 3))
    table[9] = 8, 8 * 0.65, 2  # 0.25 right where 0.65 was promised
    table[14] = 2, 2.0, 2
    assert calibration_error(table) == pytest.approx(0.8 * 0.4)
    assert calibration_error(np.zeros((BINS, 3))) == 0


def test_a_network_that_knows_its_chances_has_no_error() -> None:
    random = np.random.default_rng(0)
    chances = random.dirichlet(np.ones(4), 40_000)
    labels = np.array([random.choice(4, p=row) for row in chances])
    assert calibration_error(reliability(np.log(chances), labels)) < 0.01
    assert calibration_error(reliability(3 * np.log(chances), labels)) > 0.1


def test_scores_that_are_not_finite_raise_nothing() -> None:
    assert np.isnan(calibration_error(reliability(np.full((2, 3), np.nan), np.array([0, 1]))))


@pytest.mark.parametrize(
    ("correct", "total", "below", "above"),
    [  # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(correct: int, total: int, below: float, above: float) -> None:
    assert wilson_interval(correct, total) == pytest.approx((below, above), abs=5e-5)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_interval_holds_the_accuracy(one: int, other: int) -> None:
    correct, total = sorted((one, other))
    below, above = wilson_interval(correct, total)
    assert 0 <= below <= above <= 1
    if total:
        assert below <= correct / total + 1e-12
        assert correct / total <= above + 1e-12
