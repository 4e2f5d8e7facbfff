"""A network at other sizes: the same parameters there, or a word on the layer that would have others."""

import numpy as np
import pytest

from nndl.engines import available, get_engine
from nndl.errors import ShapeError
from nndl.net.catalog import Affine, Conv, Dropout, GlobalAvgPool, MaxPool, Relu, Residual, SpatialBn
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.shapes import infer_shapes
from nndl.net.sizes import placed_at, stored_shapes
from nndl.net.types import Array

FULL, HALF = (3, 8, 8), (3, 4, 4)
POOLED: tuple[Layer, ...] = (
    Conv(filters=6),
    SpatialBn(momentum=0.7),
    Relu(),
    MaxPool(),
    Residual(layers=(Conv(filters=4, stride=2), SpatialBn())),
    Dropout(keep=0.8),
    GlobalAvgPool(),
    Affine(out_features=5),
)


def batch(shape: tuple[int, ...], seed: int = 0) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    return random.standard_normal((6, *shape)), random.integers(0, 5, 6)


def test_behind_a_global_pool_nothing_depends_on_the_size() -> None:
    there = placed_at(HALF, infer_shapes(POOLED, FULL))
    assert there == infer_shapes(POOLED, HALF)


def test_an_affine_layer_over_places_is_named_with_both_sizes() -> None:
    layers = (Conv(filters=2), Residual(layers=(Relu(),)), Affine(out_features=5))
    with pytest.raises(
        ShapeError, match=r"w of affine1 is 128 x 5 for images of 8 x 8, and would be 32 x 5 for 4 x 4"
    ) as told:
        placed_at(HALF, infer_shapes(layers, FULL))
    assert told.value.where == (2,)


def test_a_shortcut_that_is_there_at_one_size_alone_is_refused() -> None:
    """A 1 x 1 image stays one through a pooling convolution: no projection is needed then."""
    layers = (Residual(layers=(Conv(filters=3, stride=2),)), GlobalAvgPool(), Affine(out_features=5))
    with pytest.raises(ShapeError, match=r"residual1\.projection, which has parameters, would not be there") as told:
        placed_at((3, 1, 1), infer_shapes(layers, FULL))
    assert told.value.where is not None
    assert told.value.where[0] == 0


def test_a_layer_that_cannot_take_the_size_is_named() -> None:
    with pytest.raises(ShapeError, match="max_pool slides a 2 x 2 window") as told:
        placed_at((3, 1, 1), infer_shapes(POOLED, FULL))
    assert told.value.where == (3,)


def test_stored_shapes_are_those_of_parameters_and_running_statistics() -> None:
    conv, norm, *_ = infer_shapes(POOLED, FULL)
    assert stored_shapes(conv) == {"w": (6, 3, 3, 3), "b": (6,)}
    assert stored_shapes(norm) == dict.fromkeys(("gamma", "beta", "running_mean", "running_var"), (6,))


@pytest.mark.parametrize("engine", available())
def test_a_step_at_another_size_is_that_of_a_network_made_for_it(engine: str) -> None:
    both = Network(POOLED, FULL, get_engine(engine), seed=1, l2=0.1, training_shapes=(HALF,))
    small = Network(POOLED, HALF, get_engine("reference"), seed=1, l2=0.1)
    for step, shape in enumerate((FULL, HALF, HALF, FULL, HALF)):
        X, y = batch(shape, step)
        both.step = small.step = step
        loss, gradients = both.loss(X, y)
        if shape == HALF:
            reference, others = small.loss(X, y)
            assert loss == pytest.approx(reference, rel=1e-5)
            for name, expected in others.items():
                np.testing.assert_allclose(gradients[name], expected, rtol=1e-3, atol=1e-5, err_msg=name)


def test_scores_are_of_the_full_size_alone() -> None:
    network = Network(POOLED, FULL, get_engine("reference"), training_shapes=(HALF,))
    assert network.scores(batch(FULL)[0]).shape == (6, 5)
    with pytest.raises(ValueError, match=r"takes images of shape \(3, 8, 8\), not \(3, 4, 4\)"):
        network.scores(batch(HALF)[0])
    with pytest.raises(ValueError, match=r"takes images of shape \(3, 4, 4\) or \(3, 8, 8\), not \(3, 5, 5\)"):
        network.loss(*batch((3, 5, 5)))


def test_running_statistics_begin_anew_with_each_size_and_hold_nothing_of_the_one_before() -> None:
    network = Network(POOLED, FULL, get_engine("reference"), dtype="float64", training_shapes=(HALF,))
    for seed in range(3):
        network.loss(*batch(HALF, seed))
    fresh = Network(POOLED, FULL, get_engine("reference"), dtype="float64")
    X, y = batch(FULL, 7)
    network.loss(X, y)
    assert network.begun_anew
    out = _first_output(fresh, X)
    np.testing.assert_allclose(network.buffers["spatial_bn1.running_mean"], out.mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(network.buffers["spatial_bn1.running_var"], out.var(axis=(0, 2, 3)), rtol=1e-12)
    before = network.buffers["spatial_bn1.running_mean"].copy()
    X, y = batch(FULL, 8)
    network.loss(X, y)
    assert not network.begun_anew
    mean = _first_output(fresh, X).mean(axis=(0, 2, 3))
    np.testing.assert_allclose(network.buffers["spatial_bn1.running_mean"], 0.7 * before + 0.3 * mean, rtol=1e-12)


def _first_output(network: Network, X: Array) -> Array:
    return next(out for _, out in network.activations(X))


def test_without_other_sizes_running_statistics_never_begin_anew() -> None:
    network = Network(POOLED, FULL, get_engine("reference"), dtype="float64")
    network.loss(*batch(FULL))
    assert not network.begun_anew
    assert network.trained_at == FULL


def test_a_twin_of_a_network_trained_at_another_size_is_planned_for_its_own() -> None:
    network = Network(POOLED, FULL, get_engine("reference"), training_shapes=(HALF,))
    network.loss(*batch(HALF))
    assert network.describe()[0].in_shape == HALF
    assert network.twin(network.engine).chain("train").steps[0].in_shape == FULL
