"""Ghost batch norm on the fast engines: plain batch norm of each part in training, plain batch norm in evaluation."""

import numpy as np
import pytest

from nndl.engines import available, get_engine
from nndl.engines.shared.ghost import GhostStep
from nndl.net.catalog import Affine, Conv, Gelu, MaxPool, Relu, Residual, SpatialBn
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.types import Mode

SHAPE = (3, 8, 8)
FAST = [engine for engine in available() if engine != "reference"]


def layers(size: int | None) -> tuple[Layer, ...]:
    norm = SpatialBn(ghost_batch_size=size)
    inner = (Conv(filters=4), norm, Relu())
    return (
        Conv(filters=4),
        norm,
        Relu(),
        MaxPool(),
        Residual(layers=inner),
        MaxPool(),
        norm,
        Gelu(),
        Affine(out_features=3),
    )


def rows(size: int | None, engine: str, mode: Mode) -> list[str]:
    network = Network(layers(size), SHAPE, get_engine(engine))
    return [f"{' + '.join(step.paths)}: {type(step.step).__name__}" for step in network.describe(mode)]


@pytest.mark.parametrize("engine", available())
def test_evaluation_runs_as_without_ghosts(engine: str) -> None:
    assert rows(2, engine, "test") == rows(None, engine, "test")


@pytest.mark.parametrize("engine", FAST)
def test_training_runs_the_norm_and_what_is_behind_it_by_parts(engine: str) -> None:
    network = Network(layers(2), SHAPE, get_engine(engine))
    assert [type(step.step) for step in network.describe() if step.paths[0].startswith("spatial_bn")] == [GhostStep] * 2


@pytest.mark.parametrize("engine", FAST)
def test_one_ghost_is_the_whole_batch(engine: str) -> None:
    X, y = np.random.default_rng(0).standard_normal((5, *SHAPE)), np.array([0, 2, 1, 0, 2])
    ghost, plain = (Network(layers(size), SHAPE, get_engine(engine), dtype="float64") for size in (5, None))
    assert ghost.loss(X, y)[0] == pytest.approx(plain.loss(X, y)[0], rel=1e-12)
    np.testing.assert_allclose(ghost.grads.vector, plain.grads.vector, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ghost.buffers.vector, plain.buffers.vector, rtol=0, atol=1e-12)


@pytest.mark.parametrize("engine", FAST)
def test_a_frozen_shift_has_no_gradient(engine: str) -> None:
    X, y = np.random.default_rng(0).standard_normal((5, *SHAPE)), np.array([0, 2, 1, 0, 2])
    network = Network(layers(2), SHAPE, get_engine(engine))
    network.loss(X, y)
    scale = network.grads["spatial_bn1.gamma"].copy()
    network.freeze(("spatial_bn1.beta",))
    network.loss(X, y)
    assert not network.grads["spatial_bn1.beta"].any()
    np.testing.assert_allclose(network.grads["spatial_bn1.gamma"], scale, rtol=1e-5)
