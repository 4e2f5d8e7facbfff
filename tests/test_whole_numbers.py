"""Whole numbers given to a definition are computed as float64: nothing is cut, nothing overflows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n.classifiers import KNearestNeighbor, linear_svm
from cs231n.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array
from nndl import activations, conv_layers, fast_layers, layers, optim, squeeze_excite
from nndl.stochastic_depth import stochastic_depth_backward, stochastic_depth_forward

POOL = {"pool_height": 2, "pool_width": 2, "stride": 1}
W4, W2 = np.arange(-9, 9).reshape(1, 2, 3, 3), np.arange(-6, 6).reshape(2, 6)
CONV = {"stride": 1, "pad": 1}
EXCITE = (np.eye(2) / 99, np.ones(2), np.eye(2), -np.ones(2))


def batch(x: Any) -> Any:
    return x.reshape(len(x), -1)[:, :6]


def distances(x: Any, way: Callable[[KNearestNeighbor, Any], Any]) -> Any:
    knn = KNearestNeighbor()
    knn.train(batch(x), np.arange(3))
    return way(knn, batch(x)[::-1])


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
    "relu": lambda x: layers.relu_forward(x)[0],
    "leaky relu": lambda x: layers.leaky_relu_forward(x)[0],
    "gelu": lambda x: layers.gelu_forward(x)[0],
    "silu": lambda x: layers.silu_forward(x)[0],
    "sigmoid": lambda x: activations.sigmoid_forward(x)[0],
    "tanh": lambda x: activations.tanh_forward(x)[0],
    "elu": lambda x: activations.elu_forward(x)[0],
    "relu6": lambda x: activations.relu6_forward(x)[0],
    "hard sigmoid": lambda x: activations.hard_sigmoid_forward(x)[0],
    "squeeze excite": lambda x: squeeze_excite.squeeze_excite_forward(x, *EXCITE)[0],
    "prelu": lambda x: activations.prelu_forward(x, np.array([0.25, -2.0]))[0],
    "stochastic depth": lambda x: stochastic_depth_forward(x, {"mode": "train", "p": 0.7, "seed": 3})[0],
    "hard swish": lambda x: activations.hard_swish_forward(x)[0],
    "scale": lambda x: layers.scale_forward(x, 3)[0],
    "max pool": lambda x: conv_layers.max_pool_forward_naive(x, POOL)[0],
    "nearest neighbours": lambda x: distances(x, lambda knn, x: knn.compute_distances(x)),
    "nearest neighbours, one loop": lambda x: distances(x, lambda knn, x: knn.compute_distances_one_loop(x)),
    "nearest neighbours, no loop": lambda x: distances(x, lambda knn, x: knn.compute_distances_no_loops(x)),
    "linear loss": lambda x: linear_svm.svm_loss_naive(W2.T % 7, batch(x), np.array([0, 1, 1]), 1)[1],
    "linear loss, no loop": lambda x: linear_svm.svm_loss_vectorized(W2.T % 7, batch(x), np.array([0, 1, 1]), 1)[1],
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


X2, X4, ONES = np.linspace(-1, 1, 12).reshape(3, 4), np.linspace(-1, 1, 108).reshape(3, 2, 3, 6), np.ones(2)
W = np.linspace(-1, 1, 36).reshape(2, 2, 3, 3)
BACKWARD: dict[str, tuple[Callable[..., Any], Any]] = {
    "affine": (layers.affine_backward, layers.affine_forward(X2, X2.T, np.zeros(3))),
    "relu": (layers.relu_backward, layers.relu_forward(X2)),
    "leaky relu": (layers.leaky_relu_backward, layers.leaky_relu_forward(X2)),
    "gelu": (layers.gelu_backward, layers.gelu_forward(X2)),
    "silu": (layers.silu_backward, layers.silu_forward(X2)),
    "sigmoid": (activations.sigmoid_backward, activations.sigmoid_forward(X2)),
    "tanh": (activations.tanh_backward, activations.tanh_forward(X2)),
    "elu": (activations.elu_backward, activations.elu_forward(X2)),
    "relu6": (activations.relu6_backward, activations.relu6_forward(X2)),
    "hard sigmoid": (activations.hard_sigmoid_backward, activations.hard_sigmoid_forward(X2)),
    "squeeze excite": (squeeze_excite.squeeze_excite_backward, squeeze_excite.squeeze_excite_forward(X4, *EXCITE)),
    "prelu": (activations.prelu_backward, activations.prelu_forward(X2, X2[2])),
    "stochastic depth": (
        stochastic_depth_backward,
        stochastic_depth_forward(X2, {"mode": "train", "p": 0.5, "seed": 1}),
    ),
    "hard swish": (activations.hard_swish_backward, activations.hard_swish_forward(X2)),
    "batchnorm": (layers.batchnorm_backward, layers.batchnorm_forward(X2, X2[0], X2[1], {"mode": "train"})),
    "batchnorm, test": (layers.batchnorm_backward, layers.batchnorm_forward(X2, X2[0], X2[1], {"mode": "test"})),
    "batchnorm alt": (layers.batchnorm_backward_alt, layers.batchnorm_forward(X2, X2[0], X2[1], {"mode": "train"})),
    "layernorm": (layers.layernorm_backward, layers.layernorm_forward(X2, X2[0], X2[1], {})),
    "dropout": (layers.dropout_backward, layers.dropout_forward(X2, {"mode": "train", "p": 0.5, "seed": 1})),
    "dropout, test": (layers.dropout_backward, layers.dropout_forward(X2, {"mode": "test", "p": 0.5})),
    "scale": (layers.scale_backward, (X2, 3)),
    "conv": (conv_layers.conv_backward_naive, conv_layers.conv_forward_naive(X4, W, ONES, CONV)),
    "conv fast": (fast_layers.conv_backward_fast, fast_layers.conv_forward_fast(X4, W, ONES, CONV)),
    "max pool": (conv_layers.max_pool_backward_naive, conv_layers.max_pool_forward_naive(X4, POOL)),
    "max pool fast": (fast_layers.max_pool_backward_fast, fast_layers.max_pool_forward_fast(X4, POOL)),
    "avg pool": (conv_layers.avg_pool_backward_naive, conv_layers.avg_pool_forward_naive(X4, POOL)),
    "global avg pool": (conv_layers.global_avg_pool_backward, conv_layers.global_avg_pool_forward(X4)),
    "spatial batchnorm": (
        conv_layers.spatial_batchnorm_backward,
        conv_layers.spatial_batchnorm_forward(X4, ONES, ONES, {"mode": "train"}),
    ),
    "ghost batchnorm": (
        conv_layers.spatial_batchnorm_backward,
        conv_layers.spatial_batchnorm_forward(X4, ONES, ONES, {"mode": "train", "ghost_batch_size": 2}),
    ),
    "group norm": (
        conv_layers.spatial_groupnorm_backward,
        conv_layers.spatial_groupnorm_forward(X4, ONES, ONES, 2, {}),
    ),
}


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, bool])
@pytest.mark.parametrize("name", BACKWARD)
def test_a_whole_gradient_gives_the_gradients_of_its_floats(name: str, dtype: Any) -> None:
    backward, (out, cache) = BACKWARD[name]
    whole = (np.arange(out.size).reshape(out.shape) * 5 % 120).astype(dtype)
    got, expected = backward(whole, cache), backward(whole.astype(np.float64), cache)
    for one, other in zip(*[each if isinstance(each, tuple) else (each,) for each in (got, expected)], strict=True):
        assert one.dtype == np.float64
        np.testing.assert_array_equal(one, other)


RULES = ("sgd", "sgd_momentum", "sgd_nesterov_momentum", "sgd_pytorch", "rmsprop", "adam", "adamw", "lion", "muon")


@pytest.mark.parametrize("rule", RULES)
def test_update_rules_square_whole_gradients_without_overflow(rule: str) -> None:
    w, dw, update = np.array([3, 200], np.uint8), np.array([100, 200], np.uint8), getattr(optim, rule)
    got, expected = update(w, dw, None)[0], update(w.astype(np.float64), dw.astype(np.float64), None)[0]
    assert got.dtype == np.float64
    np.testing.assert_array_equal(got, expected)


X, OBJECTS = np.ones((2, 3)), np.array([[1, None, "a"]] * 2, object)
NO_NUMBERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "affine, x": ("x", lambda wrong: layers.affine_forward(wrong, X.T, ONES)),
    "affine, w": ("w", lambda wrong: layers.affine_forward(X, wrong.T, ONES)),
    "affine, b": ("b", lambda wrong: layers.affine_forward(X, X.T, wrong[0])),
    "relu": ("x", layers.relu_forward),
    "batchnorm, gamma": ("gamma", lambda wrong: layers.batchnorm_forward(X, wrong[0], X[0], {"mode": "train"})),
    "layernorm, beta": ("beta", lambda wrong: layers.layernorm_forward(X, X[0], wrong[0], {})),
    "softmax": ("x", lambda wrong: layers.softmax_loss(wrong, np.array([0, 1]))),
    "relu back": ("dout", lambda wrong: layers.relu_backward(wrong, X)),
    "dropout back": ("dout", lambda wrong: layers.dropout_backward(wrong, ({}, None))),
    "sgd": ("dw", lambda wrong: optim.sgd(X, wrong)),
}


@pytest.mark.parametrize(
    "wrong", [OBJECTS, np.full((2, 3), "1"), np.full((2, 3), 1j)], ids=["objects", "text", "complex"]
)
@pytest.mark.parametrize("name", NO_NUMBERS)
def test_what_holds_no_numbers_is_refused_by_the_arguments_name(name: str, wrong: Any) -> None:
    argument, function = NO_NUMBERS[name]
    with pytest.raises(TypeError, match=f"^{argument} holds {wrong.dtype}, where numbers are needed"):
        function(wrong)
