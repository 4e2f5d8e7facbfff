"""Images of other shapes than CIFAR's, grey and not square: every engine computes what the definition says."""

import numpy as np
import pytest

from nndl.engines import choices, get_engine
from nndl.engines.reference import REFERENCE
from nndl.net.catalog import Affine, AvgPool, Conv, GlobalAvgPool, MaxPool, Relu, Residual, SpatialBn
from nndl.net.network import Network

LAYERS = (
    Conv(filters=8),
    SpatialBn(),
    Relu(),
    MaxPool(size=2),
    Residual(layers=(Conv(filters=8), Relu())),
    Conv(filters=6, stride=2, kernel=5),
    SpatialBn(),
    Relu(),
    AvgPool(size=2),
    Affine(out_features=5),
)
POOLED = (*LAYERS[:8], GlobalAvgPool(), Affine(out_features=7))


@pytest.mark.parametrize("engine", [name for name in choices() if name not in ("reference", "compiled_bf16")])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 20, 28), (1, 17, 12), (3, 9, 33)])
@pytest.mark.parametrize("layers", [LAYERS, POOLED], ids=["affine", "pooled"])
def test_an_engine_agrees_with_the_definition(engine: str, shape: tuple[int, ...], layers: tuple[object, ...]) -> None:
    random = np.random.default_rng(0)
    X, y = random.standard_normal((4, *shape)), np.arange(4)
    (loss, expected), (ours, got) = (
        Network(layers, shape, each, dtype="float64", seed=3).loss(X, y)  # type: ignore[arg-type]
        for each in (REFERENCE, get_engine(engine))
    )
    assert ours == pytest.approx(loss, rel=1e-10)
    for name in expected:
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("engine", [name for name in choices() if name not in ("reference", "compiled_bf16")])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 20, 28)])
def test_so_do_its_scores_in_single_precision(engine: str, shape: tuple[int, ...]) -> None:
    X = np.random.default_rng(1).standard_normal((4, *shape)).astype(np.float32)
    networks = [Network(LAYERS, shape, each, dtype="float32", seed=3) for each in (REFERENCE, get_engine(engine))]
    expected, got = (network.scores(X) for network in networks)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
