"""A whole network's gradients, loss and regularisation included, against numerical ones."""

from itertools import count

import numpy as np
import pytest

from nndl.check import report
from nndl.check.networks import check_network
from nndl.engines.reference import REFERENCE
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import SpatialBn
from nndl.net.catalog.pool import MaxPool
from nndl.net.catalog.residual import Residual
from nndl.net.catalog.simple import Dropout
from nndl.net.losses import Loss, SoftmaxLoss, SvmLoss
from nndl.net.network import Network
from tests.contracts.mutants import MUTANTS

LAYERS = (
    Conv(filters=4),
    SpatialBn(),
    Relu(),
    MaxPool(),
    Residual(layers=(Conv(filters=6), Relu())),
    Dropout(keep=0.8),
    Affine(out_features=5),
)
SHAPE = (3, 6, 6)
RANDOM = np.random.default_rng(4)
X, Y = RANDOM.standard_normal((3, *SHAPE)), RANDOM.integers(0, 5, 3)


@pytest.mark.parametrize("loss", [SoftmaxLoss(), SoftmaxLoss(label_smoothing=0.2), SvmLoss()])
def test_a_right_network_passes(loss: Loss) -> None:
    network = Network(LAYERS, SHAPE, REFERENCE, loss=loss, l2=0.1, dtype="float64")
    before = network.params.vector.copy()
    check = check_network(network, X, Y, coordinates=3)
    assert check.passed, str(check)
    assert [row.name for row in check.rows] == list(network.params)
    np.testing.assert_array_equal(network.params.vector, before)


def test_the_row_of_the_wrong_gradient_is_found() -> None:
    (wrong,) = (mutant.layer for mutant in MUTANTS if mutant.name == "spatial_bn dbeta averaged")
    network = Network((LAYERS[0], wrong, *LAYERS[2:]), SHAPE, REFERENCE, dtype="float64")
    check = check_network(network, X, Y, coordinates=3)
    assert [row.name for row in check.rows if row.verdict != "ok"] == ["spatial_bn1.beta"]


def test_float32_is_refused() -> None:
    with pytest.raises(TypeError, match="need float64"):
        check_network(Network(LAYERS, SHAPE, REFERENCE), X, Y)


def test_a_long_check_says_how_long_it_takes_and_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(step=2.0)
    monkeypatch.setattr(report, "perf_counter", lambda: next(clock))
    network = Network((Affine(out_features=5), Relu(), Affine(out_features=10)), (4,), REFERENCE, dtype="float64")
    said: list[str] = []
    report.report_network(network, coordinates=2, tolerance=1e-6, seed=0, say=said.append)
    assert said == [
        "24 passes through the network, about 48 s; fewer with --coordinates",
        "3 of 12 slopes, at affine1.w; about 18 s left",
        "6 of 12 slopes, at affine1.b; about 12 s left",
        "9 of 12 slopes, at affine2.w; about 6 s left",
    ]
    said.clear()
    report.report_layers(
        ["relu", "tanh", "silu", "elu"], "reference", coordinates=2, tolerance=1e-6, seed=0, say=said.append
    )
    assert said == ["3 of 4 layers, at silu; about 2 s left"]
