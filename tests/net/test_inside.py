"""A network looked into gives what its definitions give, on every engine."""

import numpy as np
import pytest

from nndl.check.gradients import check_gradients
from nndl.conv_layers import (
    conv_backward_naive,
    conv_forward_naive,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)
from nndl.engines import available, get_engine
from nndl.layers import affine_backward, affine_forward, dropout_backward, relu_backward, relu_forward
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import SpatialBn
from nndl.net.catalog.residual import Residual
from nndl.net.catalog.simple import Dropout
from nndl.net.inside import gradients, outputs
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.shapes import everything
from nndl.net.types import Array, Shape
from tests.contracts.cases import ROWS

SCORING = [((*layers, Affine(out_features=3)), shape) for layers, shape in ROWS if len(shape) == 3]


def trained(layers: tuple[Layer, ...], shape: Shape, engine: str, dtype: str = "float64") -> Network:
    """Return a network whose parameters and running statistics hide nothing."""
    network = Network(layers, shape, get_engine(engine), dtype=dtype)
    random = np.random.default_rng(1)
    for name, value in network.params.items():
        network.params[name] = value + 0.3 * random.standard_normal(value.shape)
    for name, value in network.buffers.items():
        network.buffers[name] = random.uniform(0.5, 2.0, value.shape)
    return network


def drawn(shape: Shape, count: int = 3) -> tuple[Array, Array]:
    random = np.random.default_rng(2)
    return random.standard_normal((count, *shape)) + 0.2, random.standard_normal((count, 3))


def names(network: Network) -> set[str]:
    return {placed.path for placed in everything(network.placed)}


@pytest.mark.parametrize("case", SCORING, ids=str)
def test_the_image_s_gradient_is_the_slope_of_the_scores_in_evaluation(case: tuple[tuple[Layer, ...], Shape]) -> None:
    network = trained(*case, engine="vectorized")
    X, dscores = drawn(case[1])
    dX, by_layer = gradients(network, X, dscores)
    check = check_gradients(lambda: network.scores(X), {"X": X}, {"X": dX}, dscores)
    assert check.passed, str(check)
    assert by_layer.keys() == outputs(network, X).keys() == names(network)


@pytest.mark.parametrize("engine", available()[1:])
@pytest.mark.parametrize("case", SCORING, ids=str)
def test_engines_show_what_the_definitions_do(case: tuple[tuple[Layer, ...], Shape], engine: str) -> None:
    plain, quick = trained(*case, engine="reference"), trained(*case, engine=engine, dtype="float32")
    X, dscores = drawn(case[1])
    wanted, found = outputs(plain, X), outputs(quick, X)
    (dX, inner), (dX32, inner32) = gradients(plain, X, dscores), gradients(quick, X, dscores)
    assert list(wanted) == list(found)
    for a, b in [(dX, dX32), *((v, w[p]) for v_, w in ((wanted, found), (inner, inner32)) for p, v in v_.items())]:
        assert (a.shape, b.dtype) == (b.shape, np.float32)
        np.testing.assert_allclose(b, a, rtol=0, atol=1e-3 * max(1, np.abs(a).max()))
    np.testing.assert_array_equal(found["affine1" if "affine2" not in found else "affine2"], list(found.values())[-1])


def test_inside_of_a_network_composed_by_hand() -> None:
    block = Residual(layers=(SpatialBn(), Dropout(keep=0.5), Relu()))
    network = trained((Conv(filters=4), block, Affine(out_features=3)), (2, 5, 4), "reference")
    X, dscores = drawn((2, 5, 4))
    p, stats = network.params, network.buffers
    conv, conv_cache = conv_forward_naive(X, p["conv1.w"], p["conv1.b"], {"stride": 1, "pad": 1})
    running = {name: stats[f"residual1.spatial_bn1.running_{name}"] for name in ("mean", "var")}
    bn_param = {"mode": "test", **{f"running_{name}": value.copy() for name, value in running.items()}}
    gamma, beta = (p[f"residual1.spatial_bn1.{name}"] for name in ("gamma", "beta"))
    norm, norm_cache = spatial_batchnorm_forward(conv, gamma, beta, bn_param)
    relu, relu_cache = relu_forward(norm)
    scores, cache = affine_forward(relu + conv, p["affine1.w"], p["affine1.b"])
    dblock = affine_backward(dscores, cache)[0]
    dnorm = relu_backward(dblock, relu_cache)
    dconv = spatial_batchnorm_backward(dropout_backward(dnorm, (None, None)), norm_cache)[0] + dblock

    seen, (dX, inner) = outputs(network, X), gradients(network, X, dscores)

    values = {"conv1": conv, "residual1.spatial_bn1": norm, "residual1.dropout1": norm, "residual1.relu1": relu}
    for name, value in {**values, "residual1": relu + conv, "affine1": scores}.items():
        np.testing.assert_allclose(seen[name], value, rtol=1e-12)
    slopes = {"conv1": dconv, "residual1.spatial_bn1": dnorm, "residual1.dropout1": dnorm}
    for name, value in {**slopes, "residual1.relu1": dblock, "residual1": dblock, "affine1": dscores}.items():
        np.testing.assert_allclose(inner[name], value, rtol=1e-12)
    np.testing.assert_allclose(dX, conv_backward_naive(dconv, conv_cache)[0], rtol=1e-10, atol=1e-14)


def test_looking_changes_nothing() -> None:
    layers = (Conv(filters=4), SpatialBn(), Relu(), Dropout(keep=0.5), Affine(out_features=3))
    network = trained(layers, (2, 5, 4), available()[-1], "float32")
    X, dscores = drawn((2, 5, 4))
    before = network.scores(X)
    network.loss(X, np.array([0, 1, 2]))
    kept = [arrays.vector.copy() for arrays in (network.params, network.grads, network.buffers)]
    first, seen = gradients(network, X, dscores)[0], outputs(network, X)
    np.testing.assert_array_equal(gradients(network, X, dscores)[0], first)
    for arrays, value in zip((network.params, network.grads, network.buffers), kept, strict=True):
        np.testing.assert_array_equal(arrays.vector, value)
    assert seen["dropout1"].any()
    np.testing.assert_array_equal(seen["dropout1"], seen["relu1"])
    assert not np.array_equal(network.scores(X), before)  # the loss moved the running statistics


def test_other_shapes_are_refused() -> None:
    network = trained((Conv(filters=4), Affine(out_features=3)), (2, 5, 4), "vectorized")
    X, dscores = drawn((2, 5, 4))
    for look in (outputs, lambda network, X: gradients(network, X, dscores)):
        with pytest.raises(ValueError, match=r"images of shape \(2, 5, 4\), not \(2, 4, 4\)"):
            look(network, X[:, :, 1:])
    with pytest.raises(ValueError, match=r"a number for each score \(3, 3\), and this is \(3, 2\)"):
        gradients(network, X, dscores[:, 1:])
