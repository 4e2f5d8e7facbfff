"""Whole networks train the same on every engine: scores, losses, gradients and running statistics, step after step."""

import numpy as np
import pytest

from nndl.check.subject import AGREEMENT
from nndl.engines import available, get_engine
from nndl.net.catalog.activation import Gelu, Relu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, SpatialBn
from nndl.net.catalog.pool import GlobalMaxPool, MaxPool
from nndl.net.catalog.residual import Residual
from nndl.net.catalog.simple import Dropout, Flatten, Scale
from nndl.net.layer import Layer
from nndl.net.losses import Loss, SoftmaxLoss, SvmLoss
from nndl.net.network import Network
from nndl.net.types import Array, Shape

BLOCK = (Conv(filters=6, bias=False), SpatialBn(), Relu())
LAST = Affine(out_features=5)

BN_CNN = (*BLOCK, MaxPool(), *BLOCK, MaxPool(), LAST)
THREE_LAYER = (Conv(filters=4, kernel=7), Relu(), MaxPool(), Affine(out_features=9), Relu(), LAST)
RESNET = (*BLOCK, Residual(layers=(*BLOCK, *BLOCK)), MaxPool(), GlobalMaxPool(), LAST, Scale(factor=0.2))
AIRBENCH = (Conv(filters=8, kernel=2, pad=0), Gelu(), Conv(filters=6), MaxPool(), SpatialBn(scale=False), Gelu(), LAST)
GHOSTS = SpatialBn(ghost_batch_size=4, unbiased=True)
GHOST_CNN = (Conv(filters=6, bias=False), GHOSTS, Relu(), MaxPool(), Conv(filters=6), MaxPool(), GHOSTS, Gelu(), LAST)
FULLY_CONNECTED = (Flatten(), Affine(out_features=12), Bn(), Relu(), Dropout(keep=0.5), LAST)

NETWORKS: dict[str, tuple[tuple[Layer, ...], Shape, Loss]] = {
    "bn_cnn": (BN_CNN, (3, 8, 8), SoftmaxLoss()),
    "three_layer": (THREE_LAYER, (3, 8, 8), SvmLoss()),
    "resnet": (RESNET, (3, 8, 8), SoftmaxLoss(label_smoothing=0.2)),
    "airbench": (AIRBENCH, (3, 9, 9), SoftmaxLoss()),
    "ghost_cnn": (GHOST_CNN, (3, 8, 8), SoftmaxLoss()),
    "fully_connected": (FULLY_CONNECTED, (3, 4, 4), SoftmaxLoss()),
}


def train(network: Network, batches: list[tuple[Array, Array]]) -> list[float]:
    """A few steps of plain gradient descent."""
    losses = []
    for X, y in batches:
        loss, grads = network.loss(X, y)
        losses.append(loss)
        network.params.vector -= 0.05 * grads.vector
        network.step += 1
    return losses


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("engine", [name for name in available() if name != "reference"])
@pytest.mark.parametrize("name", NETWORKS)
def test_engines_train_alike(name: str, engine: str, dtype: str) -> None:
    layers, shape, loss = NETWORKS[name]
    random = np.random.default_rng(3)
    batches = [(random.standard_normal((n, *shape)), random.integers(0, 5, n)) for n in (6, 6, 2)]
    fast = Network(layers, shape, get_engine(engine), loss=loss, l2=1e-2, dtype=dtype)
    plain = Network(layers, shape, get_engine("reference"), loss=loss, l2=1e-2, dtype="float64")
    for key, value in fast.params.items():
        plain.params[key] = value
    within = 10 * AGREEMENT[dtype]

    np.testing.assert_allclose(train(fast, batches), train(plain, batches), rtol=within)
    np.testing.assert_allclose(fast.scores(batches[0][0]), plain.scores(batches[0][0]), rtol=0, atol=within)
    for got, wanted in ((fast.params, plain.params), (fast.grads, plain.grads), (fast.buffers, plain.buffers)):
        assert list(got) == list(wanted)
        for key in wanted:
            np.testing.assert_allclose(got[key], wanted[key], rtol=0, atol=within, err_msg=key)


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_that_is_not_finite_is_lost(name: str) -> None:
    """A NaN in an image or in a parameter is in the scores, the loss and the gradients of every engine."""
    layers, shape, loss = NETWORKS[name]
    random = np.random.default_rng(4)
    X, y = random.standard_normal((2, *shape)), random.integers(0, 5, 2)
    networks = {engine: Network(layers, shape, get_engine(engine), loss=loss) for engine in available()}
    fresh = {name: value.copy() for name, value in networks["reference"].params.items()}
    for key in ("X", *fresh):
        found = {engine: _with_nan(network, key, fresh, X, y) for engine, network in networks.items()}
        wanted = found.pop("reference")
        for engine, got in found.items():
            for what, lost in wanted.items():
                assert np.isnan(got[what][np.isnan(lost)]).all(), f"{what} on {engine} with NaN in {key}"


def _with_nan(network: Network, key: str, fresh: dict[str, Array], X: Array, y: Array) -> dict[str, Array]:
    """Compute scores, loss and gradients with one NaN in X or in a parameter."""
    for name, value in fresh.items():
        network.params[name] = value
    X = X.copy()
    changed = X if key == "X" else network.params[key]
    changed[(0,) * changed.ndim] = np.nan
    with np.errstate(invalid="ignore"):
        scores = network.scores(X)
        value, gradients = network.loss(X, y)
    return {"scores": scores, "loss": np.array(value), **{f"d{n}": g.copy() for n, g in gradients.items()}}


@pytest.mark.parametrize("engine", available())
def test_training_twice_gives_the_same_bits(engine: str) -> None:
    layers, shape, loss = NETWORKS["bn_cnn"]
    random = np.random.default_rng(3)
    batches = [(random.standard_normal((n, *shape)), random.integers(0, 5, n)) for n in (6, 2, 6)]
    first, second = (Network(layers, shape, get_engine(engine), loss=loss) for _ in range(2))
    assert train(first, batches) == train(second, batches)
    np.testing.assert_array_equal(first.params.vector, second.params.vector)
