"""The definitions on vectors: right against numerical gradients, and equal to the courses' published figures."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nndl import layers
from nndl.check.gradients import check_gradients, random_upstream, relative_error
from nndl.net.losses import SoftmaxLoss
from tests.pairs import Tried, check_backward, check_inputs_and_dtype, draw, tried

Array = NDArray[Any]


def norm_param(**options: Any) -> dict[str, Any]:
    return {"mode": "train", **options}


# name, arrays by argument, the constant that follows them.
CASES: dict[str, tuple[str, dict[str, tuple[int, ...]], tuple[Any, ...]]] = {
    "affine": ("affine", {"x": (3, 2, 5), "w": (10, 4), "b": (4,)}, ()),
    "affine of one": ("affine", {"x": (1, 3), "w": (3, 1), "b": (1,)}, ()),
    "relu": ("relu", {"x": (3, 2, 5)}, ()),
    "leaky_relu": ("leaky_relu", {"x": (4, 5)}, (0.2,)),
    "gelu": ("gelu", {"x": (4, 5)}, ()),
    "silu": ("silu", {"x": (4, 5)}, ()),
    "batchnorm": ("batchnorm", {"x": (7, 5), "gamma": (5,), "beta": (5,)}, (norm_param(),)),
    "batchnorm, large eps": ("batchnorm", {"x": (4, 3), "gamma": (3,), "beta": (3,)}, (norm_param(eps=0.5),)),
    "layernorm": ("layernorm", {"x": (7, 5), "gamma": (5,), "beta": (5,)}, ({},)),
    "layernorm of one": ("layernorm", {"x": (1, 9), "gamma": (9,), "beta": (9,)}, ({"eps": 0.1},)),
    "dropout": ("dropout", {"x": (6, 5)}, ({"mode": "train", "p": 0.7, "seed": 3},)),
    "dropout, test": ("dropout", {"x": (6, 5)}, ({"mode": "test", "p": 0.7},)),
    "scale": ("scale", {"x": (3, 2, 2)}, (0.125,)),
    "flatten": ("flatten", {"x": (3, 2, 5, 3)}, ()),
}


def call(case: str, dtype: Any = np.float64) -> Tried:
    name, shapes, constants = CASES[case]
    return tried(layers, f"{name}_{{}}", shapes, constants, dtype)


@pytest.mark.parametrize("case", CASES)
def test_backward_is_the_gradient_of_forward(case: str) -> None:
    check_backward(call(case))


@pytest.mark.parametrize("case", CASES)
def test_inputs_stay_and_float32_stays_float32(case: str) -> None:
    check_inputs_and_dtype(call(case, np.float32))


# Figures of the notebooks: ECE C147 homework 3, FC_nets.ipynb; CS231n assignment 2, BatchNormalization.ipynb.


def test_affine_forward_gives_the_notebooks_figures() -> None:
    x = np.linspace(-0.1, 0.5, num=240).reshape(2, 4, 5, 6)
    w = np.linspace(-0.2, 0.3, num=360).reshape(120, 3)
    out, _ = layers.affine_forward(x, w, np.linspace(-0.3, 0.1, num=3))
    expected = [[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]]
    assert relative_error(out, expected) < 1e-9


def test_relu_forward_gives_the_notebooks_figures() -> None:
    out, _ = layers.relu_forward(np.linspace(-0.5, 0.5, num=12))
    assert relative_error(out[6:], [0.04545455, 0.13636364, 0.22727273, 0.31818182, 0.40909091, 0.5]) < 1e-7
    assert not out[:6].any()


def test_batchnorm_centres_and_scales_each_feature() -> None:
    x = draw(200, 3) * [29, 30, 36] + [37, -31, -14]
    out, _ = layers.batchnorm_forward(x, np.ones(3), np.zeros(3), {"mode": "train"})
    assert np.abs(out.mean(axis=0)).max() < 1e-14
    np.testing.assert_allclose(out.std(axis=0), 1, rtol=1e-7)
    gamma, beta = np.array([1.0, 2.0, 3.0]), np.array([11.0, 12.0, 13.0])
    out, _ = layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    np.testing.assert_allclose(out.mean(axis=0), beta, rtol=1e-13)
    np.testing.assert_allclose(out.std(axis=0), gamma, rtol=1e-7)


def test_running_statistics_follow_the_courses_formula() -> None:
    x, bn_param = draw(6, 2), {"mode": "train", "momentum": 0.75}
    for _ in range(2):
        layers.batchnorm_forward(x, np.ones(2), np.zeros(2), bn_param)
    np.testing.assert_allclose(bn_param["running_mean"], (1 - 0.75**2) * x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(bn_param["running_var"], (1 - 0.75**2) * x.var(axis=0), rtol=1e-12)


def test_unbiased_variance_on_request() -> None:
    x, bn_param = draw(6, 2), {"mode": "train", "momentum": 0.0, "unbiased": True}
    layers.batchnorm_forward(x, np.ones(2), np.zeros(2), bn_param)
    np.testing.assert_allclose(bn_param["running_var"], x.var(axis=0, ddof=1), rtol=1e-12)


def test_test_mode_uses_the_running_statistics_and_leaves_them() -> None:
    x, mean, var = draw(5, 2), np.array([0.5, -1.0]), np.array([4.0, 0.25])
    bn_param = {"mode": "test", "running_mean": mean.copy(), "running_var": var.copy(), "eps": 0.0}
    out, cache = layers.batchnorm_forward(x, np.array([2.0, 3.0]), np.ones(2), bn_param)
    np.testing.assert_allclose(out, [2.0, 3.0] * (x - mean) / np.sqrt(var) + 1, rtol=1e-12)
    assert np.array_equal(bn_param["running_mean"], mean)
    assert np.array_equal(bn_param["running_var"], var)
    dout = random_upstream(out.shape)
    dx, _, _ = layers.batchnorm_backward(dout, cache)
    np.testing.assert_allclose(dx, dout * [2.0, 3.0] / np.sqrt(var), rtol=1e-12)


@pytest.mark.parametrize("mode", ["train", "test"])
def test_batchnorm_backward_alt_is_the_same_gradient(mode: str) -> None:
    bn_param = {"mode": mode, "running_mean": draw(5, seed=3), "running_var": draw(5, seed=4) ** 2}
    out, cache = layers.batchnorm_forward(draw(8, 5), draw(5, seed=1), draw(5, seed=2), bn_param)
    dout = random_upstream(out.shape)
    pairs = zip(layers.batchnorm_backward(dout, cache), layers.batchnorm_backward_alt(dout, cache), strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-14)


def test_layernorm_looks_at_one_example_at_a_time() -> None:
    x = draw(4, 60) * 17 + 5
    out, _ = layers.layernorm_forward(x, np.full(60, 3.0), np.full(60, 5.0), {})
    np.testing.assert_allclose(out.mean(axis=1), 5, rtol=1e-12)
    np.testing.assert_allclose(out.std(axis=1), 3, rtol=1e-6)
    alone, _ = layers.layernorm_forward(x[2:3], np.full(60, 3.0), np.full(60, 5.0), {})
    np.testing.assert_allclose(alone, out[2:3], rtol=1e-12)


@pytest.mark.parametrize("p", [0.25, 0.4, 0.7])
def test_dropout_keeps_with_probability_p_and_the_mean_stays(p: float) -> None:
    x = draw(500, 500) + 10
    out, _ = layers.dropout_forward(x, {"mode": "train", "p": p, "rng": np.random.default_rng(1)})
    assert (out != 0).mean() == pytest.approx(p, abs=0.005)
    assert out.mean() == pytest.approx(10, rel=0.01)
    assert np.array_equal(layers.dropout_forward(x, {"mode": "test", "p": p})[0], x)


def test_a_dropout_seed_draws_the_courses_mask_and_leaves_the_global_state() -> None:
    np.random.seed(5)  # noqa: NPY002
    expected_next = np.random.rand()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    out, _ = layers.dropout_forward(np.ones((4, 6)), {"mode": "train", "p": 0.5, "seed": 123})
    assert np.random.rand() == expected_next  # noqa: NPY002
    np.random.seed(123)  # noqa: NPY002
    assert np.array_equal(out, (np.random.rand(4, 6) < 0.5) / 0.5)  # noqa: NPY002


@pytest.mark.parametrize("p", [0.0, 1.5])
def test_dropout_refuses_what_is_no_probability_of_keeping(p: float) -> None:
    with pytest.raises(ValueError, match="keeping"):
        layers.dropout_forward(np.ones(3), {"mode": "train", "p": p})


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: layers.batchnorm_forward(draw(2, 3), np.ones(3), np.zeros(3), {"mode": "eval"}),
        lambda: layers.dropout_forward(draw(2, 3), {"mode": "eval", "p": 0.5}),
    ],
)
def test_an_unknown_mode_is_refused(wrong: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match="'train' or 'test', not 'eval'"):
        wrong()


def test_activations_at_known_points() -> None:
    x = np.array([-3.0, -1.0, 0.0, 1.0, 3.0])
    assert layers.leaky_relu_forward(x)[0].tolist() == [-0.03, -0.01, 0.0, 1.0, 3.0]
    # x Phi(x) from tables of the normal distribution; the tanh form is within 5e-4 of it.
    np.testing.assert_allclose(layers.gelu_forward(x)[0], [-0.00405, -0.15866, 0, 0.84134, 2.99595], atol=5e-4)
    np.testing.assert_allclose(layers.silu_forward(x)[0], x / (1 + np.exp(-x)), rtol=1e-12)
    assert np.isfinite(layers.silu_forward(np.array([-1e4, 1e4]))[0]).all()


# Losses. Chance level is log 10 for softmax and 9 for the hinge loss of ten classes.


@pytest.mark.parametrize(("loss_function", "chance"), [(layers.softmax_loss, np.log(10)), (layers.svm_loss, 9.0)])
def test_losses_and_their_gradients(loss_function: Callable[..., Any], chance: float) -> None:
    x, y = 0.001 * draw(50, 10), np.random.default_rng(1).integers(10, size=50)
    loss, dx = loss_function(x, y)
    assert loss == pytest.approx(chance, rel=1e-3)
    check = check_gradients(lambda: loss_function(x, y)[0], {"x": x}, {"x": dx})
    assert check.passed, check


def test_smoothed_softmax_is_the_mixture_of_its_targets() -> None:
    x, y = draw(4, 5), np.array([0, 4, 2, 2])
    loss, dx = layers.softmax_loss(x, y, label_smoothing=0.1)
    plain, _ = layers.softmax_loss(x, y)
    each = np.mean([layers.softmax_loss(x, np.full(4, k))[0] for k in range(5)])
    assert loss == pytest.approx(0.9 * plain + 0.1 * each)
    check = check_gradients(lambda: layers.softmax_loss(x, y, 0.1)[0], {"x": x}, {"x": dx})
    assert check.passed, check


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_is_the_mixture_of_labels_and_its_gradient_holds(smoothing: float) -> None:
    x, target = draw(6, 5), np.random.default_rng(2).dirichlet(np.ones(5), 6)
    loss_function = SoftmaxLoss(label_smoothing=smoothing)
    loss, dx = loss_function(x, target)
    single = [[loss_function(x[i : i + 1], np.array([k]))[0] for k in range(5)] for i in range(6)]
    assert loss == pytest.approx(np.mean((target * single).sum(axis=1)))
    check = check_gradients(lambda: loss_function(x, target)[0], {"x": x}, {"x": dx})
    assert check.passed, check


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_certain_distributions_are_labels_to_the_last_bit(dtype: Any, smoothing: float) -> None:
    x, y = draw(7, 10).astype(dtype), np.arange(7)
    (loss, dx), (same, same_dx) = (SoftmaxLoss(label_smoothing=smoothing)(x, each) for each in (y, np.eye(10)[y]))
    assert loss == same
    np.testing.assert_array_equal(dx, same_dx)
    assert dx.dtype == same_dx.dtype == dtype


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (np.full((2, 3), 0.5), "sum to 1"),
        (np.array([[1.5, -0.5, 0.0], [1.0, 0.0, 0.0]]), "0 or more"),
        (np.array([[np.nan, 0.5, 0.5], [1.0, 0.0, 0.0]]), "0 or more"),
        (np.full((2, 2), 0.5), r"\(2, 3\), as the scores, not \(2, 2\)"),
    ],
)
def test_what_is_no_distribution_is_refused(target: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        layers.cross_entropy(np.zeros((2, 3)), target)


def test_softmax_survives_large_scores() -> None:
    loss, dx = layers.softmax_loss(np.array([[1e4, -1e4, 0.0]]), np.array([0]))
    assert loss == 0
    assert np.isfinite(dx).all()


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 5), d=st.integers(1, 7), seed=st.integers(0, 99))
def test_losses_are_means_over_the_batch(n: int, d: int, seed: int) -> None:
    x, y = draw(n, d, seed=seed), np.random.default_rng(seed).integers(d, size=n)
    for loss_function in (layers.softmax_loss, layers.svm_loss):
        loss, dx = loss_function(x, y)
        each = [loss_function(x[i : i + 1], y[i : i + 1]) for i in range(n)]
        np.testing.assert_allclose(loss, np.mean([one for one, _ in each]), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(dx, np.concatenate([g for _, g in each]) / n, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(dx.sum(axis=1), 0, atol=1e-12)  # a shift of all scores changes nothing


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 4), d=st.integers(1, 6), m=st.integers(1, 5), seed=st.integers(0, 99))
def test_affine_is_linear_so_its_gradients_are_exact(n: int, d: int, m: int, seed: int) -> None:
    x, w, b, dout = draw(n, d, seed=seed), draw(d, m, seed=seed + 1), draw(m, seed=seed + 2), draw(n, m, seed=seed + 3)
    out, cache = layers.affine_forward(x, w, b)
    dx, dw, db = layers.affine_backward(dout, cache)
    scale = max(1.0, np.abs(dout * (out - b)).sum())
    assert np.vdot(dx, x) == pytest.approx(np.vdot(dout, out - b), abs=1e-12 * scale)
    assert np.vdot(dw, w) == pytest.approx(np.vdot(dout, out - b), abs=1e-12 * scale)
    np.testing.assert_allclose(db, dout.sum(axis=0), rtol=1e-12, atol=1e-12)
