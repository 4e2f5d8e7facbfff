"""Whole numbers given to a definition are computed as float64: nothing is cut, nothing overflows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array
from nndl import conv_layers, fast_layers, layers

POOL = {"pool_height": 2, "pool_width": 2, "stride": 1}
W4, W2 = np.arange(-9, 9).reshape(1, 2, 3, 3), np.arange(-6, 6).reshape(2, 6)
CONV = {"stride": 1, "pad": 1}


def batch(x: Any) -> Any:
    return x.reshape(len(x), -1)[:, :6]


DEFINITIONS: dict[str, Callable[[Any], Any]] = {
    "affine": lambda x: layers.affine_forward(batch(x)[:, :2], W2, np.array([1] * 6))[0],
    "batchnorm": lambda x: layers.batchnorm_forward(batch(x), np.ones(6), np.zeros(6), {"mode": "train"})[0],
    "layernorm": lambda x: layers.layernorm_forward(batch(x), np.ones(6), np.zeros(6), {})[0],
    "dropout": lambda x: layers.dropout_forward(x, {"mode": "train", "p": 0.7, "seed": 3})[0],
    "softmax": lambda x: layers.softmax_loss(batch(x), np.array([0, 5, 3]), 0.1)[1],
    "svm": lambda x: layers.svm_loss(batch(x), np.array([0, 5, 3]))[1],
    "conv": lambda x: conv_layers.conv_forward_naive(x, W4, np.array([0.5]), CONV)[0],
    "conv back": lambda x: conv_layers.conv_backward_naive(
        np.ones((3, 1, 4, 5)) / 3, conv_layers.conv_forward_naive(x, W4, None, CONV)[1]
    )[1],
    "conv fast": lambda x: fast_layers.conv_forward_fast(x, W4, np.array([0.5]), CONV)[0],
    "max pool back": lambda x: conv_layers.max_pool_backward_naive(
        np.full((3, 2, 3, 4), 0.1), conv_layers.max_pool_forward_naive(x, POOL)[1]
    ),
    "max pool fast back": lambda x: fast_layers.max_pool_backward_fast(
        np.full((3, 2, 3, 4), 0.1), fast_layers.max_pool_forward_fast(x, POOL)[1]
    ),
    "avg pool": lambda x: conv_layers.avg_pool_forward_naive(x, POOL)[0],
    "global avg pool": lambda x: conv_layers.global_avg_pool_forward(x)[0],
    "spatial batchnorm": lambda x: conv_layers.spatial_batchnorm_forward(x, np.ones(2), np.zeros(2), {"mode": "train"})[
        0
    ],
    "group norm": lambda x: conv_layers.spatial_groupnorm_forward(x, np.ones(2), np.zeros(2), 2, {})[0],
}


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64])
@pytest.mark.parametrize("name", DEFINITIONS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_they_are_computed_as_float64(name: str, dtype: Any, seed: int) -> None:
    whole = np.random.default_rng(seed).integers(0, 120, (3, 2, 4, 5)).astype(dtype)
    got, expected = DEFINITIONS[name](whole), DEFINITIONS[name](whole.astype(np.float64))
    assert got.dtype == np.float64
    np.testing.assert_array_equal(got, expected)


def test_numerical_gradients_at_whole_numbers() -> None:
    x = np.array([3, 4])
    np.testing.assert_allclose(eval_numerical_gradient(lambda x: (x**2).sum(), x, verbose=False), [6, 8], rtol=1e-6)
    np.testing.assert_allclose(eval_numerical_gradient_array(lambda x: x * x, x, np.ones(2)), [6, 8], rtol=1e-6)
    np.testing.assert_array_equal(x, [3, 4])
