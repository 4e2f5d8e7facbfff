"""One seed gives the same bits at every run for a number of threads; other numbers of threads only round otherwise."""

import numpy as np
import pytest

from nndl.engines import get_engine, set_threads
from nndl.net.catalog.activation import Relu, Silu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, SpatialBn
from nndl.net.catalog.pool import MaxPool
from nndl.net.catalog.residual import Residual
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.types import Array

LAYERS: tuple[Layer, ...] = (
    *(Conv(filters=20, bias=False), SpatialBn(), Relu(), MaxPool()),
    *(Residual(layers=(Conv(filters=20), SpatialBn(), Silu())), Conv(filters=18, stride=2), Relu()),
    *(Affine(out_features=17), Bn(), Relu(), Affine(out_features=10)),
)


def trained(threads: int) -> Array:
    """The gradients of three steps, one after the other; the last batch is short, shorter than there are threads."""
    set_threads(threads)
    network = Network(LAYERS, (3, 18, 18), get_engine("compiled"))
    random = np.random.default_rng(0)
    seen = []
    for count in (21, 21, 2):
        X, y = random.standard_normal((count, 3, 18, 18), np.float32), random.integers(0, 10, count)
        gradients = network.loss(X, y)[1].vector
        network.params.vector -= np.float32(0.01) * gradients
        seen.append(gradients.copy())
    return np.stack(seen)


@pytest.mark.parametrize("threads", [1, 2, 3, 4, 5])
def test_the_same_bits_at_every_run(threads: int) -> None:
    assert np.array_equal(trained(threads), trained(threads))


@pytest.mark.parametrize("threads", [2, 3, 4, 5])
def test_more_threads_give_the_same_gradients_but_for_rounding(threads: int) -> None:
    one, more = trained(1)[0], trained(threads)[0]
    assert np.abs(more - one).max() < 1e-4 * np.abs(one).max()
