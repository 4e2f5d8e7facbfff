"""The courses' models: their published losses to the last digit, and their gradients."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nndl.check.gradients import check_gradients
from nndl.cnn import ThreeLayerConvNet
from nndl.fc_net import FullyConnectedNet, TwoLayerNet
from nndl.neural_net import TwoLayerNet as SelfTrainingNet

Array = NDArray[Any]


def toy_batch() -> tuple[Array, Array]:
    """Make the batch that the notebooks of CS231n assignment 2 start from."""
    np.random.seed(231)  # noqa: NPY002
    return np.random.randn(2, 15), np.random.randint(10, size=2)  # noqa: NPY002


def small_net(reg: float = 0.0, **options: Any) -> FullyConnectedNet:
    return FullyConnectedNet([20, 30], 15, 10, reg=reg, weight_scale=5e-2, dtype=np.float64, **options)


def assert_gradients(model: Any, X: Array, y: Array, tolerance: float = 1e-6) -> None:
    loss, grads = model.loss(X, y)
    assert isinstance(float(loss), float)
    assert set(grads) == set(model.params)
    check = check_gradients(lambda: model.loss(X, y)[0], model.params, grads, coordinates=12, tolerance=tolerance)
    assert check.passed, check


# Initial losses printed in CS231n assignment 2, FullyConnectedNets.ipynb, BatchNormalization.ipynb and Dropout.ipynb.


@pytest.mark.parametrize(
    ("options", "published"),
    [
        ({}, [2.3004790897684924, 7.052114776533016]),
        ({"use_batchnorm": True}, [2.2611955101340957, 6.996533220108303]),
        ({"normalization": "batchnorm"}, [2.2611955101340957, 6.996533220108303]),
    ],
)
def test_initial_losses_are_the_published_ones(options: dict[str, Any], published: list[float]) -> None:
    X, y = toy_batch()
    losses = [small_net(reg, **options).loss(X, y)[0] for reg in (0, 3.14)]
    assert losses == pytest.approx(published, rel=1e-14)


def test_the_published_loss_with_dropout() -> None:
    X, y = toy_batch()
    small_net(dropout=1, seed=123)
    assert small_net(dropout=0.75, seed=123).loss(X, y)[0] == pytest.approx(2.302371489704412, rel=1e-14)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"normalization": "batchnorm"},
        {"normalization": "layernorm"},
        {"dropout": 0.75, "seed": 123},
        {"dropout": 0.5, "normalization": "batchnorm", "seed": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("reg", [0.0, 3.14])
def test_gradients_of_the_fully_connected_net(options: dict[str, Any], reg: float) -> None:
    X, y = np.random.default_rng(0).standard_normal((6, 3, 5)), np.arange(6)
    assert_gradients(small_net(reg, **options), X, y)


def test_dropout_of_nought_and_of_one_are_both_off() -> None:
    X, y = toy_batch()
    for p in (0, 1.0):
        model = small_net(dropout=p)
        assert not model.use_dropout
        assert model.loss(X, y)[0] == model.loss(X, y)[0]


def test_dropout_without_a_seed_draws_anew_in_training_only() -> None:
    X, y = toy_batch()
    model = small_net(dropout=0.5)
    assert model.loss(X, y)[0] != model.loss(X, y)[0]
    assert np.array_equal(model.loss(X), model.loss(X))


def test_scores_use_the_running_statistics_and_leave_them() -> None:
    X, y = toy_batch()
    model = small_net(use_batchnorm=True)
    model.loss(X, y)
    kept = [param["running_mean"].copy() for param in model.bn_params]
    model.loss(X)
    assert all(np.array_equal(a, b["running_mean"]) for a, b in zip(kept, model.bn_params, strict=True))
    model.loss(X, y)
    assert not np.array_equal(kept[0], model.bn_params[0]["running_mean"])


def test_an_unknown_normalization_is_refused() -> None:
    with pytest.raises(ValueError, match="'batchnorm', 'layernorm' or None, not 'instance'"):
        small_net(normalization="instance")


def test_everything_is_of_the_dtype_asked_for() -> None:
    X, y = np.random.default_rng(0).standard_normal((4, 3, 8, 8)), np.arange(4)
    models: list[Any] = [
        FullyConnectedNet([5], 192, dropout=0.5, normalization="batchnorm"),
        ThreeLayerConvNet((3, 8, 8), 4, 3, 6, use_batchnorm=True),
    ]
    for model in models:
        _, grads = model.loss(X, y)
        assert {a.dtype for a in (*model.params.values(), *grads.values(), model.loss(X))} == {np.dtype(np.float32)}


# ECE C147 homework 3, FC_nets.ipynb.


def test_two_layer_net_gives_the_published_scores_and_losses() -> None:
    model = TwoLayerNet(input_dim=5, hidden_dims=50, num_classes=7, weight_scale=1e-2)
    assert model.params["W1"].std() == pytest.approx(1e-2, rel=0.2)
    model.params["W1"] = np.linspace(-0.7, 0.3, num=250).reshape(5, 50)
    model.params["b1"] = np.linspace(-0.1, 0.9, num=50)
    model.params["W2"] = np.linspace(-0.3, 0.4, num=350).reshape(50, 7)
    model.params["b2"] = np.linspace(-0.9, 0.1, num=7)
    X, y = np.linspace(-5.5, 4.5, num=15).reshape(5, 3).T, np.array([0, 5, 1])
    expected = [
        [11.53165108, 12.2917344, 13.05181771, 13.81190102, 14.57198434, 15.33206765, 16.09215096],
        [12.05769098, 12.74614105, 13.43459113, 14.1230412, 14.81149128, 15.49994135, 16.18839143],
        [12.58373087, 13.20054771, 13.81736455, 14.43418138, 15.05099822, 15.66781506, 16.2846319],
    ]
    np.testing.assert_allclose(model.loss(X), expected, atol=1e-8)
    assert model.loss(X, y)[0] == pytest.approx(3.4702243556, abs=1e-10)
    model.reg = 1.0
    assert model.loss(X, y)[0] == pytest.approx(26.5948426952, abs=1e-10)
    model.reg = 0.7
    assert_gradients(model, X, y)


@pytest.mark.parametrize("use_batchnorm", [False, True])
def test_the_conv_net_starts_at_chance_and_has_right_gradients(use_batchnorm: bool) -> None:
    X, y = np.random.default_rng(0).standard_normal((3, 3, 8, 8)), np.array([1, 7, 7])
    start = ThreeLayerConvNet((3, 8, 8), 4, 3, 7, use_batchnorm=False).loss(X, y)[0]
    assert start == pytest.approx(np.log(10), rel=1e-4)
    model = ThreeLayerConvNet(
        (3, 8, 8), 4, 3, 7, weight_scale=0.3, reg=0.1, dtype=np.float64, use_batchnorm=use_batchnorm
    )
    assert_gradients(model, X, y)


def test_the_conv_net_takes_odd_sizes() -> None:
    model = ThreeLayerConvNet(input_dim=(3, 9, 11), num_filters=2, filter_size=5, hidden_dim=4)
    assert model.loss(np.zeros((2, 3, 9, 11))).shape == (2, 10)


# ECE C147 homework 3, two_layer_nn.ipynb.


def toy_net() -> tuple[SelfTrainingNet, Array, Array]:
    np.random.seed(0)  # noqa: NPY002
    net = SelfTrainingNet(4, 10, 3, std=1e-1)
    np.random.seed(1)  # noqa: NPY002
    return net, 10 * np.random.randn(5, 4), np.array([0, 1, 2, 2, 1])  # noqa: NPY002


def test_the_self_training_net_gives_the_published_scores_and_loss() -> None:
    net, X, y = toy_net()
    expected = [
        [-1.07260209, 0.05083871, -0.87253915],
        [-2.02778743, -0.10832494, -1.52641362],
        [-0.74225908, 0.15259725, -0.39578548],
        [-0.38172726, 0.10835902, -0.17328274],
        [-0.64417314, -0.18886813, -0.41106892],
    ]
    np.testing.assert_allclose(net.loss(X), expected, atol=1e-8)
    loss, grads = net.loss(X, y, reg=0.05)
    assert loss == pytest.approx(1.071696123862817, abs=1e-15)
    check = check_gradients(lambda: net.loss(X, y, reg=0.05)[0], net.params, grads)
    assert check.passed, check


def test_the_self_training_net_learns_the_toy_data(capsys: pytest.CaptureFixture[str]) -> None:
    net, X, y = toy_net()
    history = net.train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=101, verbose=True)
    assert history["loss_history"][-1] < 0.02  # the notebook prints 0.0145
    assert len(history["loss_history"]) == len(history["val_acc_history"]) == 101
    assert (net.predict(X) == y).all()
    assert capsys.readouterr().out.count("iteration") == 2
