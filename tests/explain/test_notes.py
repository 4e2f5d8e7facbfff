"""Facts and figures that notes and reasons state in words hold too."""

import math

import numpy as np
import pytest

from nndl import activations, conv_layers, layers, optim
from nndl.explain.table import EXPLANATIONS

RANDOM = np.random.default_rng(0)


def said(name: str, words: str) -> None:
    """Require that the explanation says so: a test of what nobody says any more goes."""
    explanation = EXPLANATIONS[name]
    told = " ".join([explanation.summary, *explanation.notes, *(step.why for step in explanation.steps)])
    assert words in told


def test_ones_upstream_vanish_in_batch_norm() -> None:
    said("bn", "An upstream gradient of all ones gives dx = 0")
    x, one = RANDOM.standard_normal((6, 3)), np.ones(3)
    _, cache = layers.batchnorm_forward(x, one, one, {"mode": "train"})
    assert np.allclose(layers.batchnorm_backward(np.ones((6, 3)), cache)[0], 0, atol=1e-12)


def test_batch_norm_in_test_mode() -> None:
    said("bn", "They are constants, so dx = dx̂ r.")
    x, dout, gamma, var = (RANDOM.random(shape) + 0.5 for shape in ((4, 3), (4, 3), 3, 3))
    param = {"mode": "test", "running_mean": np.ones(3), "running_var": var}
    _, cache = layers.batchnorm_forward(x, gamma, gamma, param)
    assert np.allclose(layers.batchnorm_backward(dout, cache)[0], dout * gamma / np.sqrt(var + 1e-5), atol=1e-12)


def test_a_bias_before_batch_norm_is_subtracted_again() -> None:
    said("spatial_bn", "A bias before this layer is subtracted again with μ")
    x, one, zero = RANDOM.standard_normal((3, 2, 4, 4)), np.ones(2), np.zeros(2)
    outs = [conv_layers.spatial_batchnorm_forward(x + bias, one, zero, {"mode": "train"})[0] for bias in (0.0, 7.0)]
    assert np.allclose(*outs, atol=1e-12)


def test_a_reshape_alone_mixes_channels() -> None:
    said("spatial_bn", "x.reshape(-1, C) alone has the right shape and mixes channels")
    x = np.arange(2 * 3 * 2 * 2).reshape(2, 3, 2, 2)
    assert x.reshape(-1, 3).shape == x.transpose(0, 2, 3, 1).reshape(-1, 3).shape
    assert set(x.transpose(0, 2, 3, 1).reshape(-1, 3)[:, 0]) == set(x[:, 0].flat) != set(x.reshape(-1, 3)[:, 0])


def test_group_norm_of_one_and_of_all_groups() -> None:
    said("group_norm", "G = 1 is layer norm over the whole image, G = C instance norm.")
    x, one, zero = RANDOM.standard_normal((2, 4, 3, 3)), np.ones(4), np.zeros(4)
    whole = conv_layers.spatial_groupnorm_forward(x, one, zero, 1, {})[0]
    assert np.allclose(whole.mean(axis=(1, 2, 3)), 0, atol=1e-12)
    each = conv_layers.spatial_groupnorm_forward(x, one, zero, 4, {})[0]
    assert np.allclose(each.mean(axis=(2, 3)), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "loss", "wanted"), [("softmax", layers.softmax_loss, math.log(10)), ("svm", layers.svm_loss, 9)]
)
def test_losses_at_the_start(name: str, loss: object, wanted: float) -> None:
    said(name, "2.30 for ten classes" if name == "softmax" else "9 for ten classes")
    assert callable(loss)
    value, dx = loss(np.zeros((5, 10)), RANDOM.integers(0, 10, 5))
    assert value == pytest.approx(wanted)
    assert np.allclose(dx.sum(axis=1), 0)


def test_the_two_forms_of_gelu() -> None:
    said("gelu", "the two differ by up to 5e-4")
    x = np.linspace(-8, 8, 4001)
    exact = np.array([value * 0.5 * (1 + math.erf(value / math.sqrt(2))) for value in x])
    assert 4e-4 < np.abs(layers.gelu_forward(x)[0] - exact).max() < 5e-4


def test_leaky_relu_as_a_maximum() -> None:
    said("leaky_relu", "max(x, α x) is the same only while α is at most 1.")
    x = RANDOM.standard_normal(50)
    same = [np.array_equal(layers.leaky_relu_forward(x, a)[0], np.maximum(x, a * x)) for a in (0.0, 0.3, 1.0, 1.5)]
    assert same == [True, True, True, False]


def test_the_slopes_of_sigmoid_and_tanh() -> None:
    said("sigmoid", "The slope is at most 1/4")
    said("tanh", "It is 2 sigmoid(2x) − 1")
    x = np.linspace(-9, 9, 1801)
    s, cache = activations.sigmoid_forward(x)
    assert activations.sigmoid_backward(np.ones_like(x), cache).max() == 0.25
    assert np.allclose(activations.tanh_forward(x)[0], 2 * activations.sigmoid_forward(2 * x)[0] - 1, atol=1e-15)
    assert (s > 0).all()


def test_the_lowest_point_of_hard_swish() -> None:
    said("hard_swish", "Its least value is −3/8, at x = −3/2.")
    x = np.linspace(-9, 9, 1801)
    out, _ = activations.hard_swish_forward(x)
    assert out.min() == pytest.approx(-3 / 8)
    assert x[out.argmin()] == pytest.approx(-1.5)


def test_elu_of_alpha_one_has_no_kink() -> None:
    said("elu", "both sides have slope 1 at 0")
    _, cache = activations.elu_forward(np.array([-1e-9, 1e-9]))
    assert np.allclose(activations.elu_backward(np.ones(2), cache), 1, atol=1e-8)


def test_dropout_keeps_the_mean() -> None:
    said("dropout", "so out is x on average")
    out, _ = layers.dropout_forward(np.ones(200_000), {"p": 0.3, "mode": "train", "seed": 0})
    assert out.mean() == pytest.approx(1, abs=0.02)


def test_momentum_under_a_constant_gradient() -> None:
    said("sgd_momentum", "ten times the step of sgd for ρ = 0.9")
    config: dict[str, object] = {"learning_rate": 0.1, "momentum": 0.9}
    w = np.zeros(1)
    for _ in range(300):
        w, config = optim.sgd_momentum(w, np.ones(1), config)
    assert config["velocity"] == pytest.approx(-1.0)


def test_adams_first_step_and_its_correction() -> None:
    said("adam", "every weight moves by η, against the sign of its gradient")
    gradient = np.array([1e-3, -50.0, 2.0])
    w, config = optim.adam(np.zeros(3), gradient, {"learning_rate": 0.1})
    assert np.allclose(w, -0.1 * np.sign(gradient), rtol=1e-4)
    said("adam", "under a constant gradient g, v is (1 − β₁^t) g")
    for _ in range(4):
        w, config = optim.adam(w, gradient, config)
    assert np.allclose(config["v"], (1 - 0.9**5) * gradient)


def test_muons_polynomial_of_singular_values() -> None:
    said("muon", "a s + b s³ + e s⁵, and the singular vectors stay")
    u = RANDOM.standard_normal((3, 5))
    a, b, e = optim.NEWTON_SCHULZ
    s = np.linalg.svd(u / (np.linalg.norm(u) + 1e-7), compute_uv=False)
    after = np.linalg.svd(optim.orthogonalised(u, 1), compute_uv=False)
    assert np.allclose(np.sort(after), np.sort(np.abs(a * s + b * s**3 + e * s**5)))
