"""Frozen parameters have no gradient, and those of the others are what they were."""

import numpy as np
import pytest

from nndl.engines import available, get_engine
from nndl.net.catalog import Affine, Conv, Gelu, MaxPool, Relu, Residual, SpatialBn
from nndl.net.layer import Layer
from nndl.net.network import Network, Part

SHAPE = (3, 9, 9)
BLOCK: tuple[Layer, ...] = (Conv(filters=16), SpatialBn(), Relu())
LAYERS: tuple[Layer, ...] = (
    *(Conv(filters=16, kernel=2, pad=0), Gelu(), Conv(filters=16), MaxPool(), SpatialBn(scale=False), Gelu()),
    *(Residual(layers=BLOCK), *BLOCK, MaxPool(), Affine(out_features=6), Relu(), Affine(out_features=4)),
)
FROZEN = (
    ("conv1.w",),
    ("conv1.w", "conv1.b"),
    ("conv2.w", "spatial_bn1.beta"),
    ("conv1.w", "conv1.b", "conv2.w", "conv2.b", "spatial_bn1.beta", "residual1.conv1.w"),
    ("conv3.w", "affine1.w", "affine2.b"),
)


@pytest.mark.parametrize("frozen", FROZEN, ids=" ".join)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("engine", available())
def test_only_what_is_trained_has_gradients(engine: str, dtype: str, frozen: tuple[str, ...]) -> None:
    random = np.random.default_rng(0)
    X, y = random.standard_normal((5, *SHAPE)), random.integers(0, 4, 5)
    network = Network(LAYERS, SHAPE, get_engine(engine), dtype=dtype, l2=1e-3)
    network.loss(X, y)
    expected = {name: gradient.copy() for name, gradient in network.grads.items()}
    network.freeze(frozen)
    network.loss(X, y)
    for name, gradient in network.grads.items():
        if name in frozen:
            assert not gradient.any()
        else:
            np.testing.assert_allclose(gradient, expected[name], rtol=1e-3, atol=1e-5, err_msg=name)
    network.freeze(())
    network.loss(X, y)
    for name, gradient in network.grads.items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-6, atol=1e-7, err_msg=name)


LAST_BACK = ("conv1", "conv2", "conv1", "residual1", "conv1")
"""The first layer with something to train, for each of FROZEN."""


@pytest.mark.parametrize(("frozen", "last"), list(zip(FROZEN, LAST_BACK, strict=True)))
@pytest.mark.parametrize("engine", available())
def test_nothing_goes_back_past_the_first_layer_that_learns(engine: str, frozen: tuple[str, ...], last: str) -> None:
    random = np.random.default_rng(0)
    network = Network(LAYERS, SHAPE, get_engine(engine))
    network.freeze(frozen)
    gone_back: list[tuple[str, ...]] = []
    network.part_loss(random.standard_normal((5, *SHAPE)), random.integers(0, 4, 5), Part(seen=gone_back.append))
    assert last in gone_back[-1]
