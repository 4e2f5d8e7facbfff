"""Layers and fused rows of layers on the compiled engine, against the composition of their definitions."""

import numpy as np
import pytest

from nndl.check.general import equal_to_definition, inputs_untouched, same_again
from nndl.check.subject import Subject
from nndl.engines.compiled import COMPILED, bindings
from nndl.engines.reference import REFERENCE
from nndl.engines.shared.threads import set_threads
from nndl.net.catalog.activation import (
    Elu,
    Gelu,
    HardSigmoid,
    HardSwish,
    LeakyRelu,
    Relu,
    Relu6,
    Sigmoid,
    Silu,
    Tanh,
)
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, GroupNorm, LayerNorm, SpatialBn
from nndl.net.catalog.pool import AvgPool, GlobalMaxPool, MaxPool
from nndl.net.catalog.residual import Residual
from nndl.net.catalog.simple import Dropout
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.plan import Group, rewrite
from nndl.net.shapes import infer_shapes
from nndl.net.types import Array, Shape
from tests.contracts.cases import CASES, Case, name
from tests.engines.compiled.variants import builds_and_threads

ROWS: list[Case] = [
    *[((Conv(filters=17), SpatialBn(), *tail), (16, 9, 8)) for tail in ((Gelu(),), (Silu(),), (Relu(),), ())],
    *[((Conv(filters=18), SpatialBn(), *tail), (5, 7, 8)) for tail in ((Relu(), MaxPool()), (MaxPool(size=3), Relu()))],
    ((Conv(filters=4, stride=2, bias=False), SpatialBn(scale=False), MaxPool()), (3, 13, 12)),
    *[
        ((Conv(filters=33), MaxPool(), SpatialBn(), *tail), (16, 9, 9))
        for tail in ((Relu(),), (Gelu(),), (Silu(),), ())
    ],
    *[
        ((Conv(filters=8, kernel=7), *tail), (3, 9, 8))
        for tail in ((Relu(), MaxPool()), (MaxPool(), Relu()), (MaxPool(),))
    ],
    ((Conv(filters=64), Relu()), (33, 5, 6)),
    ((Conv(filters=5, kernel=1, stride=2, pad=0),), (16, 7, 7)),
    *[((SpatialBn(), activation), (5, 6, 5)) for activation in (Relu(), Gelu(), Silu())],
    *[((Bn(), activation), (37,)) for activation in (Relu(), Gelu(), Silu())],
    *[((SpatialBn(ghost_batch_size=2), *tail), (18, 6, 5)) for tail in ((Relu(),), (Gelu(),), (Silu(),), ())],
    *[((Bn(ghost_batch_size=3), *tail), (37,)) for tail in ((Relu(),), (Gelu(),), ())],
    ((Affine(out_features=300), Relu()), (35, 3, 4)),
    ((Conv(filters=3), Affine(out_features=35, bias=False)), (2, 9, 9)),
    ((Silu(), Gelu()), (3, 5, 5)),
    ((Conv(filters=12, groups=3, stride=2), SpatialBn(), Relu()), (6, 7, 6)),
    ((Conv(filters=19, groups="channels"), Relu6(), Conv(filters=4, kernel=(1, 3), dilation=2)), (19, 7, 6)),
    *[((norm, LeakyRelu()), (18, 3, 5)) for norm in (GroupNorm(groups=3), SpatialBn())],
    ((LayerNorm(), Gelu()), (37,)),
    ((MaxPool(size=3, stride=2, pad=1), AvgPool(size=(2, 3), stride=1), Elu()), (19, 9, 8)),
    ((GlobalMaxPool(), HardSwish(), Dropout(keep=0.6)), (19, 3, 5)),
    ((Dropout(keep=0.6), Sigmoid(), Tanh(), HardSigmoid()), (19, 5, 3)),
]


def test_the_rows_have_every_fusion() -> None:
    planned = [
        item for layers, shape in (*ROWS, *CASES) for item in rewrite(infer_shapes(layers, shape), COMPILED.rules)
    ]
    assert {item.rule.pattern for item in planned if isinstance(item, Group)} == {
        rule.pattern for rule in COMPILED.rules
    }


@pytest.mark.parametrize(("variant", "threads"), builds_and_threads())
@pytest.mark.parametrize(("layers", "shape"), ROWS, ids=map(name, ROWS))
def test_rows_are_their_definitions(layers: tuple[Layer, ...], shape: Shape, variant: str, threads: int) -> None:
    bindings.use(variant)
    set_threads(threads)
    subject = Subject(layers, shape, COMPILED, dtype="float32")
    for check in (equal_to_definition, inputs_untouched, same_again):
        check(subject)


def test_overlapping_pooling_is_left_to_others() -> None:
    row = infer_shapes((Conv(filters=4), SpatialBn(), Relu(), MaxPool(size=3, stride=2)), (3, 9, 9))
    first, *rest = rewrite(row, COMPILED.rules)
    assert isinstance(first, Group)
    assert [type(placed.layer) for placed in first.members] == [Conv, SpatialBn, Relu]
    assert len(rest) == 1


NET = (
    *(Conv(filters=32, bias=False), SpatialBn(), Relu(), MaxPool()),
    *(Conv(filters=40), SpatialBn(), Relu(), MaxPool()),
    Residual(layers=(Conv(filters=40), MaxPool(size=1), SpatialBn(scale=False), Silu())),
    *(Affine(out_features=16), Bn(), Relu(), Affine(out_features=3)),
)
SHAPE = (3, 14, 13)


def data(count: int) -> tuple[Array, Array]:
    random = np.random.default_rng(count)
    return random.standard_normal((count, *SHAPE)).astype(np.float32), random.integers(0, 3, count)


def passes(network: Network, X: Array, y: Array) -> dict[str, Array]:
    loss, grads = network.loss(X, y)
    return {"loss": np.array(loss), **{f"d{n}": g.copy() for n, g in grads.items()}, "scores": network.scores(X)}


def test_a_network_is_its_definition_from_first_layer_to_last() -> None:
    """The first convolution reads (N, C, H, W) and gives no dx; batch sizes change between calls."""
    fast = Network(NET, SHAPE, COMPILED, seed=1)
    plain = Network(NET, SHAPE, REFERENCE, seed=1, dtype="float64")
    assert " + ".join(fast.describe()[0].paths) == "conv1 + spatial_bn1 + relu1 + max_pool1"
    for count in (6, 3, 9):
        for key, value in fast.params.items():
            plain.params[key] = value
        X, y = data(count)
        found, wanted = passes(fast, X, y), passes(plain, X, y)
        for key, value in wanted.items():
            atol = 2e-4 * max(1.0, np.abs(value).max())
            np.testing.assert_allclose(found[key], value, rtol=0, atol=atol, err_msg=f"{key}, {count} images")
        for key, value in plain.buffers.items():
            np.testing.assert_allclose(fast.buffers[key], value, rtol=1e-4, atol=1e-5, err_msg=key)


def test_pooling_before_normalising_knows_negative_and_zero_gamma() -> None:
    """A channel with gamma zero is constant behind batch norm: its gradient goes to the first place of each window."""
    layers = (Conv(filters=4, bias=False), SpatialBn(), Relu(), MaxPool(), Affine(out_features=3))
    fast, plain = Network(layers, SHAPE, COMPILED, seed=1), Network(layers, SHAPE, REFERENCE, seed=1, dtype="float64")
    for network in (fast, plain):
        network.params["spatial_bn1.gamma"] = np.array([1.0, -1.5, 0.0, -0.5])
        network.params["spatial_bn1.beta"] = np.array([0.1, 0.2, 0.7, -0.1])
    for key, value in fast.params.items():
        plain.params[key] = value
    X, y = data(5)
    found, wanted = passes(fast, X, y), passes(plain, X, y)
    assert np.abs(wanted["dspatial_bn1.gamma"]).min() > 1e-6
    for key, value in wanted.items():
        np.testing.assert_allclose(found[key], value, rtol=0, atol=1e-5, err_msg=key)


def test_statistics_of_channels_far_from_zero_are_taken_twice() -> None:
    """E[x^2] - E[x]^2 alone would leave nothing of a variance of 1 beside a mean of 3000."""
    layers = (Conv(filters=2, kernel=1, pad=0, init="dirac"), SpatialBn(), Affine(out_features=3))
    fast, plain = Network(layers, (2, 8, 8), COMPILED), Network(layers, (2, 8, 8), REFERENCE, dtype="float64")
    X = np.random.default_rng(0).standard_normal((4, 2, 8, 8)).astype(np.float32) + 3000
    for network in (fast, plain):
        network.params["conv1.b"] = np.array([0.5, -1.0])
        network.loss(X, np.zeros(4, np.int64))
    np.testing.assert_allclose(
        fast.buffers["spatial_bn1.running_var"], plain.buffers["spatial_bn1.running_var"], rtol=1e-3
    )


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_one_seed_and_thread_count_give_the_same_bits(threads: int) -> None:
    set_threads(threads)
    X, y = data(13)
    runs = []
    for _ in range(2):
        network = Network(NET, SHAPE, COMPILED, seed=3)
        for _ in range(3):
            network.loss(X, y)
            network.params.vector -= 0.1 * network.grads.vector
        runs.append(network.params.vector.copy())
    np.testing.assert_array_equal(runs[0], runs[1])


def test_what_a_network_returns_is_not_written_again() -> None:
    network = Network((*NET[:4], GlobalMaxPool()), SHAPE, COMPILED)
    X, _ = data(4)
    scores = network.scores(X)
    kept = scores.copy()
    network.scores(3 * X)
    np.testing.assert_array_equal(scores, kept)
