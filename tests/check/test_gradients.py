"""The gradient check finds wrong gradients, passes right ones, and knows a kink from an error."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl.check.gradients import Array, check_gradients, random_upstream, relative_error


def draw(*shape: int, seed: int = 1) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


def test_relative_error_is_the_courses() -> None:
    assert relative_error([1.0, 2.0], [1.0, 2.2]) == pytest.approx(0.2 / 4.2)
    assert relative_error(0.0, 1e-9) == pytest.approx(0.1)
    assert relative_error([], []) == 0.0


def test_a_right_gradient_passes_with_a_small_error() -> None:
    x, dout = draw(4, 5), random_upstream((4, 5))
    check = check_gradients(lambda: np.tanh(x), {"x": x}, {"x": dout * (1 - np.tanh(x) ** 2)}, dout)
    (row,) = check.rows
    assert check.passed
    assert row.verdict == "ok"
    assert row.error < 1e-8
    assert (row.name, row.shape, row.checked, row.kinks) == ("x", (4, 5), 20, 0)


def test_a_fault_is_located() -> None:
    x, w = draw(3, 4), draw(4, 2, seed=2)
    dout = random_upstream((3, 2))
    dw = x.T @ dout
    dw[2, 1] *= 1.001
    check = check_gradients(lambda: x @ w, {"x": x, "w": w}, {"x": dout @ w.T, "w": dw}, dout)
    good, bad = check.rows
    assert not check.passed
    assert (good.verdict, bad.verdict) == ("ok", "wrong")
    assert bad.fault.startswith("at [2, 1]: analytic ")
    assert f"{dw[2, 1]:.6g}" in bad.fault
    assert bad.fault in str(check)


def test_a_fault_outside_the_sampled_coordinates_is_still_found() -> None:
    x = draw(1000)
    gradient = 2 * x
    gradient[17] = 0.0
    check = check_gradients(lambda: (x**2).sum(), {"x": x}, {"x": gradient}, coordinates=1)
    assert check.rows[0].verdict == "wrong"
    assert "random direction" in check.rows[0].fault


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_is_wrong(wrong: float) -> None:
    x = draw(3)
    assert not check_gradients(lambda: x.sum(), {"x": x}, {"x": np.array([1.0, wrong, 1.0])}).passed


def test_a_kink_at_the_point_is_no_error() -> None:
    x = draw(50)
    x[7] = 0.0
    dout = random_upstream((50,))
    for subgradient in (0.0, 0.3, 1.0):
        gradient = dout * (x > 0)
        gradient[7] = subgradient * dout[7]
        (row,) = check_gradients(lambda: np.maximum(x, 0), {"x": x}, {"x": gradient}, dout, coordinates=50).rows
        assert row.verdict == "ok"
        # The random direction passes through the kink too.
        assert row.kinks == 2


def test_a_kink_excuses_no_value_outside_the_slopes_on_its_sides() -> None:
    x = np.zeros(1)
    for wrong in (-0.1, 1.1):
        assert check_gradients(lambda: np.maximum(x, 0), {"x": x}, {"x": np.array([wrong])}).rows[0].verdict == "wrong"


@pytest.mark.parametrize("distance", [3e-8, 3e-7, 3e-6, 5e-6])
def test_a_kink_beside_the_point_is_no_error(distance: float) -> None:
    x = draw(50)
    x[7] = distance
    dout = random_upstream((50,))
    (row,) = check_gradients(lambda: np.maximum(x, 0), {"x": x}, {"x": dout * (x > 0)}, dout, coordinates=50).rows
    assert row.verdict == "ok"


def test_kinks_everywhere_prove_nothing() -> None:
    x = np.zeros(10)
    (row,) = check_gradients(lambda: np.maximum(x, 0), {"x": x}, {"x": np.zeros(10)}, random_upstream((10,))).rows
    assert row.verdict == "too many kinks"


def test_among_many_kinks_nothing_is_called_wrong_that_differences_cannot_tell() -> None:
    kinks = np.random.default_rng(2).uniform(-1e-4, 1e-4, 20_000)
    weights = draw(20_000, seed=3)
    x = np.zeros(1)
    slope = np.array([weights[kinks < 0].sum()])
    function = lambda: weights @ np.maximum(x - kinks, 0)  # noqa: E731
    assert check_gradients(function, {"x": x}, {"x": slope}).rows[0].verdict == "too many kinks"
    assert check_gradients(function, {"x": x}, {"x": slope + 200}).rows[0].verdict == "wrong"


def test_strong_curvature_is_no_kink() -> None:
    x = draw(20)
    function = lambda: np.sin(300 * x)  # noqa: E731
    assert not check_gradients(function, {"x": x}, {"x": 299 * np.cos(300 * x)}, np.ones(20)).passed


def test_a_slope_of_zero_is_compared_at_the_resolution_of_differences() -> None:
    """The mean is taken out again, so b has no effect, and its computed gradient is rounding."""
    x, b = 100 * draw(200), draw(1)
    dout = random_upstream((200,))
    residue = np.array([(dout - dout.mean()).sum()])
    check = check_gradients(lambda: x + b - (x + b).mean(), {"b": b}, {"b": residue}, dout)
    assert check.passed
    wrong = check_gradients(lambda: x + b - (x + b).mean(), {"b": b}, {"b": residue + 1e-5}, dout)
    assert not wrong.passed


def test_all_ones_hide_what_a_random_upstream_shows() -> None:
    """A batch norm without gamma whose dx is plain zero passes with ones."""
    x = draw(6, 3)
    centred = lambda: (x - x.mean(axis=0)) / x.std(axis=0)  # noqa: E731
    zero = {"x": np.zeros_like(x)}
    assert check_gradients(centred, {"x": x}, zero, np.ones((6, 3))).passed
    assert not check_gradients(centred, {"x": x}, zero, random_upstream((6, 3))).passed


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_arrays_are_put_back_to_the_last_bit(rows: int, columns: int, seed: int) -> None:
    x = draw(rows, columns, seed=seed)
    before = x.copy()
    check_gradients(lambda: np.sin(x), {"x": x}, {"x": np.cos(x)}, np.ones((rows, columns)), seed=seed)
    np.testing.assert_array_equal(x, before)


def test_arrays_are_put_back_when_the_function_fails() -> None:
    x = draw(3)
    before = x.copy()

    def fail() -> Array:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        check_gradients(fail, {"x": x}, {"x": x})
    np.testing.assert_array_equal(x, before)


def test_float32_and_other_shapes_are_refused() -> None:
    x = draw(3)
    with pytest.raises(TypeError, match="x is float32; gradient checks need float64"):
        check_gradients(lambda: 0.0, {"x": x.astype(np.float32)}, {"x": x})
    with pytest.raises(ValueError, match=r"dx has shape \(3, 1\), x has \(3,\)"):
        check_gradients(lambda: 0.0, {"x": x}, {"x": x[:, None]})
