"""Layers and fused rows of layers on the vectorised engine, where chance does not lead the contracts."""

from collections.abc import Sequence

import numpy as np
import pytest

from nndl.check.general import equal_to_definition, inputs_untouched, same_again
from nndl.check.subject import Subject
from nndl.engines.reference import REFERENCE
from nndl.engines.shared.threads import set_threads
from nndl.engines.vectorized import VECTORIZED
from nndl.net.catalog.activation import Gelu, HardSwish, LeakyRelu, Relu, Silu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import GroupNorm, SpatialBn
from nndl.net.catalog.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.types import Array, Shape
from tests.contracts.cases import Case
from tests.contracts.cases import name as name_of

ROWS: list[Case] = [
    ((Conv(filters=16), SpatialBn(), Relu(), MaxPool()), (16, 9, 8)),
    ((Conv(filters=17, bias=False), SpatialBn(), MaxPool(size=3, stride=2), Relu()), (16, 7, 7)),
    ((Conv(filters=16), MaxPool(), SpatialBn(), Silu()), (17, 6, 6)),
    ((Conv(filters=16, bias=False), SpatialBn()), (33, 4, 5)),
    ((Conv(filters=16, bias=False), SpatialBn(ghost_batch_size=2), Relu()), (16, 4, 5)),
    ((SpatialBn(ghost_batch_size=3), MaxPool(), Relu()), (3, 6, 5)),
    ((SpatialBn(), MaxPool(size=2, stride=1)), (3, 5, 4)),
    ((SpatialBn(scale=False), MaxPool(size=2, stride=3)), (2, 7, 8)),
    ((Conv(filters=3, kernel=7), Relu(), MaxPool()), (3, 9, 8)),
    ((Conv(filters=3, kernel=5, stride=2, pad=1), MaxPool(), Relu()), (5, 11, 10)),
    ((GroupNorm(groups=3), HardSwish()), (6, 5, 4)),
    ((LeakyRelu(negative_slope=1.5), Gelu(), AvgPool(), GlobalMaxPool()), (3, 6, 6)),
    ((Conv(filters=4, kernel=1), GlobalAvgPool(), Affine(out_features=3, bias=False)), (3, 5, 4)),
]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("layers", "shape"), ROWS, ids=map(name_of, ROWS))
def test_rows_are_their_definitions(layers: tuple[Layer, ...], shape: Shape, dtype: str, threads: int) -> None:
    set_threads(threads)
    subject = Subject(layers, shape, VECTORIZED, dtype=dtype)
    for check in (equal_to_definition, inputs_untouched, same_again):
        check(subject)


def passes(network: Network, X: Array, y: Array) -> dict[str, Array]:
    loss, grads = network.loss(X, y)
    return {"loss": np.array(loss), **{f"d{n}": g.copy() for n, g in grads.items()}, "scores": network.scores(X)}


def pair_of_networks(layers: Sequence[Layer], shape: tuple[int, int, int]) -> tuple[Network, Network]:
    fast, plain = (Network(layers, shape, engine, dtype="float64", seed=1) for engine in (VECTORIZED, REFERENCE))
    return fast, plain


NET = (
    *(Conv(filters=4, bias=False), SpatialBn(), Relu(), MaxPool()),
    *(Conv(filters=5), SpatialBn(), Relu(), MaxPool()),
    Affine(out_features=3),
)


def data(shape: tuple[int, int, int], count: int) -> tuple[Array, Array]:
    random = np.random.default_rng(count)
    return random.standard_normal((count, *shape)), random.integers(0, 3, count)


def test_a_network_is_its_definition_from_first_layer_to_last() -> None:
    """The first convolution reads (N, C, H, W) and gives no dx; batch sizes change between calls."""
    fast, plain = pair_of_networks(NET, (3, 10, 9))
    assert [" + ".join(step.paths) for step in fast.describe()] == [
        "conv1 + spatial_bn1 + relu1 + max_pool1",
        "conv2 + spatial_bn2 + relu2 + max_pool2",
        "affine1",
    ]
    for count in (4, 1, 6, 2):
        X, y = data((3, 10, 9), count)
        found, wanted = passes(fast, X, y), passes(plain, X, y)
        for name, value in wanted.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-9, atol=1e-11, err_msg=f"{name}, {count} images")
        for name, value in plain.buffers.items():
            np.testing.assert_allclose(fast.buffers[name], value, rtol=1e-11, err_msg=name)


def test_pooling_before_normalising_knows_negative_and_zero_gamma() -> None:
    """A channel with gamma zero is constant behind batch norm: its gradient goes to the first place of each window."""
    fast, plain = pair_of_networks(NET, (3, 10, 9))
    for network in (fast, plain):
        network.params["spatial_bn1.gamma"] = np.array([1.0, -1.5, 0.0, -0.5])
        network.params["spatial_bn1.beta"] = np.array([0.1, 0.2, 0.7, -0.1])
    X, y = data((3, 10, 9), 5)
    found, wanted = passes(fast, X, y), passes(plain, X, y)
    assert np.abs(wanted["dspatial_bn1.gamma"]).min() > 1e-6
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-9, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_one_seed_and_thread_count_give_the_same_bits(threads: int) -> None:
    set_threads(threads)
    X, y = data((3, 10, 9), 13)
    runs = []
    for _ in range(2):
        network = Network(NET, (3, 10, 9), VECTORIZED, seed=3)
        for _ in range(3):
            network.loss(X, y)
            network.params.vector -= 0.1 * network.grads.vector
        runs.append(network.params.vector.copy())
    np.testing.assert_array_equal(runs[0], runs[1])


def test_thread_counts_differ_by_rounding_alone() -> None:
    X, y = data((3, 10, 9), 13)
    found = []
    for threads in (1, 3):
        set_threads(threads)
        found.append(passes(Network(NET, (3, 10, 9), VECTORIZED, dtype="float64"), X, y))
    for name, value in found[0].items():
        np.testing.assert_allclose(found[1][name], value, rtol=1e-10, atol=1e-13, err_msg=name)


def test_what_a_network_returns_is_not_written_again() -> None:
    network = Network(NET, (3, 10, 9), VECTORIZED)
    X, _ = data((3, 10, 9), 4)
    scores = network.scores(X)
    kept = scores.copy()
    network.scores(3 * X)
    np.testing.assert_array_equal(scores, kept)
