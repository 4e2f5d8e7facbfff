"""Stochastic depth: right against numerical gradients, and whole examples are kept or dropped."""

from typing import Any

import numpy as np
import pytest

from nndl import stochastic_depth
from nndl.stochastic_depth import stochastic_depth_backward, stochastic_depth_forward
from tests.pairs import Tried, check_backward, check_inputs_and_dtype, draw, tried

CASES: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "train": ((6, 2, 3), {"mode": "train", "p": 0.7, "seed": 3}),
    "test": ((6, 5), {"mode": "test", "p": 0.7}),
}


def call(case: str, dtype: Any = np.float64) -> Tried:
    shape, param = CASES[case]
    return tried(stochastic_depth, "stochastic_depth_{}", {"x": shape}, (dict(param),), dtype)


@pytest.mark.parametrize("case", CASES)
def test_backward_is_the_gradient_of_forward(case: str) -> None:
    check_backward(call(case))


@pytest.mark.parametrize("case", CASES)
def test_inputs_stay_and_float32_stays_float32(case: str) -> None:
    check_inputs_and_dtype(call(case, np.float32))


def test_stochastic_depth_keeps_or_drops_an_example_whole() -> None:
    x = draw(2000, 3, 2) + 10
    out, cache = stochastic_depth_forward(x, {"mode": "train", "p": 0.4, "rng": np.random.default_rng(1)})
    kept = (out != 0).all(axis=(1, 2))
    assert ((out != 0).any(axis=(1, 2)) == kept).all()
    assert kept.mean() == pytest.approx(0.4, abs=0.04)
    np.testing.assert_allclose(out[kept], x[kept] / 0.4, rtol=1e-14)
    np.testing.assert_array_equal(stochastic_depth_backward(np.ones_like(x), cache)[kept], 1 / 0.4)
    assert np.array_equal(stochastic_depth_forward(x, {"mode": "test", "p": 0.4})[0], x)


@pytest.mark.parametrize("p", [0.0, 1.5])
def test_what_is_no_probability_of_keeping_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="keeping"):
        stochastic_depth_forward(np.ones((3, 2)), {"mode": "train", "p": p})
