"""Further activations: right against numerical gradients, by hand, and at the ends of the numbers."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nndl import activations
from tests.pairs import Tried, check_backward, check_inputs_and_dtype, tried

Array = NDArray[Any]

# name, arrays by argument, the constant that follows them.
CASES: dict[str, tuple[str, dict[str, tuple[int, ...]], tuple[Any, ...]]] = {
    "sigmoid": ("sigmoid", {"x": (4, 5)}, ()),
    "tanh": ("tanh", {"x": (3, 2, 5)}, ()),
    "elu": ("elu", {"x": (4, 5)}, ()),
    "elu, alpha 0.3": ("elu", {"x": (1, 7)}, (0.3,)),
    "relu6": ("relu6", {"x": (9, 5)}, ()),
    "hard_sigmoid": ("hard_sigmoid", {"x": (9, 5)}, ()),
    "hard_swish": ("hard_swish", {"x": (3, 2, 5, 3)}, ()),
    "prelu": ("prelu", {"x": (3, 4, 2, 5), "a": (4,)}, ()),
    "prelu of vectors": ("prelu", {"x": (6, 3), "a": (3,)}, ()),
}


def call(case: str, dtype: Any = np.float64) -> Tried:
    name, shapes, constants = CASES[case]
    return tried(activations, f"{name}_{{}}", shapes, constants, dtype)


@pytest.mark.parametrize("case", CASES)
def test_backward_is_the_gradient_of_forward(case: str) -> None:
    check_backward(call(case))


@pytest.mark.parametrize("case", CASES)
def test_inputs_stay_and_float32_stays_float32(case: str) -> None:
    check_inputs_and_dtype(call(case, np.float32))


@pytest.mark.parametrize(
    ("name", "x", "out", "slope"),
    [
        ("sigmoid", [0.0, np.log(3), -np.log(3)], [0.5, 0.75, 0.25], [0.25, 0.1875, 0.1875]),
        ("tanh", [0.0, np.log(2), -np.log(2)], [0.0, 0.6, -0.6], [1.0, 0.64, 0.64]),
        ("elu", [2.0, 0.0, -np.log(4)], [2.0, 0.0, -0.75], [1.0, 1.0, 0.25]),
        ("relu6", [-1.0, 0.0, 2.5, 6.0, 7.0], [0.0, 0.0, 2.5, 6.0, 6.0], [0.0, 0.0, 1.0, 0.0, 0.0]),
        ("hard_sigmoid", [-4.0, -3.0, 0.0, 1.5, 3.0, 9.0], [0.0, 0.0, 0.5, 0.75, 1.0, 1.0], [0, 0, 1 / 6, 1 / 6, 0, 0]),
        ("hard_swish", [-4.0, -3.0, -1.5, 0.0, 1.5, 3.0, 9.0], [0, 0, -0.375, 0, 1.125, 3, 9], [0, 0, 0, 0.5, 1, 1, 1]),
    ],
)
def test_values_and_slopes_by_hand(name: str, x: list[float], out: list[float], slope: list[float]) -> None:
    found, cache = getattr(activations, f"{name}_forward")(np.array(x))
    np.testing.assert_allclose(found, out, rtol=1e-14, atol=1e-15)
    back = getattr(activations, f"{name}_backward")(np.ones(len(x)), cache)
    np.testing.assert_allclose(back, slope, rtol=1e-14, atol=1e-15)


ENDS = {
    "sigmoid": (0, 1, 0, 0),
    "tanh": (-1, 1, 0, 0),
    "elu": (-1, 1e30, 0, 1),
    "relu6": (0, 6, 0, 0),
    "hard_sigmoid": (0, 1, 0, 0),
    "hard_swish": (0, 1e30, 0, 1),
}
"""Of each: what it gives for the least and the largest x, and its slopes there."""


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ENDS)
def test_numbers_of_any_size_pass_without_a_warning(name: str, dtype: Any) -> None:
    """Warnings are errors here: exp(1000) must not be asked for."""
    forward, backward = (getattr(activations, f"{name}_{half}") for half in ("forward", "backward"))
    least, most, *slopes = ENDS[name]
    out, cache = forward(np.array([-1e30, 1e30], dtype))
    assert out.tolist() == [least, pytest.approx(most)]
    assert backward(np.ones(2, dtype), cache).tolist() == slopes
    for x in (-1000.0, 1000.0):
        assert np.isfinite(forward(np.array([x], dtype))[0]).all()
    assert np.isnan(forward(np.array([np.nan], dtype))[0]).all()


def test_a_sigmoid_far_below_zero_keeps_its_digits() -> None:
    """exp(-300) is no rounding error of 1: the form with tanh would give 0."""
    out, _ = activations.sigmoid_forward(np.array([-300.0]))
    np.testing.assert_allclose(out, np.exp(-300.0), rtol=1e-14)


def test_a_slope_of_prelu_is_its_channels_alone() -> None:
    x = np.array([[[[-2.0, 4.0]], [[-1.0, -3.0]]]])
    out, cache = activations.prelu_forward(x, np.array([0.5, -1.0]))
    assert out.tolist() == [[[[-1.0, 4.0]], [[1.0, 3.0]]]]
    dx, da = activations.prelu_backward(np.array([[[[10.0, 20.0]], [[30.0, 40.0]]]]), cache)
    assert dx.tolist() == [[[[5.0, 20.0]], [[-30.0, -40.0]]]]
    assert da.tolist() == [-20.0, -150.0]
