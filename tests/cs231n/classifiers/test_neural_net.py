"""The two-layer network of assignment 1, against the figures its notebook prints."""

import numpy as np
import pytest

from cs231n.classifiers.neural_net import TwoLayerNet
from nndl.check.gradients import check_gradients


def toy() -> tuple[TwoLayerNet, np.ndarray, np.ndarray]:
    np.random.seed(0)  # noqa: NPY002
    net = TwoLayerNet(4, 10, 3, std=1e-1)
    np.random.seed(1)  # noqa: NPY002
    return net, 10 * np.random.randn(5, 4), np.array([0, 1, 2, 2, 1])  # noqa: NPY002


def test_the_notebooks_scores_and_loss() -> None:
    """CS231n 2017-2019, assignment 1, two_layer_net.ipynb."""
    net, X, y = toy()
    expected = [
        [-0.81233741, -1.27654624, -0.70335995],
        [-0.17129677, -1.18803311, -0.47310444],
        [-0.51590475, -1.01354314, -0.8504215],
        [-0.15419291, -0.48629638, -0.52901952],
        [-0.00618733, -0.12435261, -0.15226949],
    ]
    np.testing.assert_allclose(net.loss(X), expected, atol=1e-7)
    assert net.loss(X, y, reg=0.05)[0] == pytest.approx(1.30378789133, abs=1e-10)


def test_gradients_are_right_and_it_learns() -> None:
    net, X, y = toy()
    check = check_gradients(lambda: net.loss(X, y, 0.05)[0], net.params, net.loss(X, y, 0.05)[1])
    assert check.passed, check
    history = net.train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100)
    assert history["loss_history"][-1] < 0.02  # as the notebook says
    assert (net.predict(X) == y).all()
