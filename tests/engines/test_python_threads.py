"""Networks used from several Python threads compute what they compute alone, bit for bit."""

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from nndl.engines import available, get_engine, set_threads
from nndl.net.catalog import Affine, AvgPool, Conv, Dropout, Gelu, MaxPool, Relu, Residual, SpatialBn
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.types import Array

BLOCK = Residual(layers=(Conv(filters=16), SpatialBn(), Gelu()))
LAYERS: tuple[Layer, ...] = (
    *(Conv(filters=16), SpatialBn(), Relu(), MaxPool(), BLOCK, AvgPool(), Conv(filters=12, stride=2)),
    *(Dropout(keep=0.7), Affine(out_features=10)),
)
SMALL: tuple[Layer, ...] = (Residual(layers=(Conv(filters=3), SpatialBn())), Relu(), Affine(out_features=10))
"""For the reference engine, whose loops are slow."""

WITHOUT_STATISTICS: tuple[Layer, ...] = (Conv(filters=3), Relu(), MaxPool(), Affine(out_features=10))
"""Training steps that leave the parameters alone leave the answers alone."""


pytestmark = pytest.mark.usefixtures("quick_turns")


@pytest.fixture(autouse=True)
def _all_threads_afterwards() -> Iterator[None]:
    yield
    set_threads()


@pytest.fixture(params=[1, 2], ids=["1 thread", "2 threads"])
def _threads(request: pytest.FixtureRequest) -> None:
    set_threads(request.param)


def network(engine: str, seed: int, layers: Sequence[Layer] | None = None) -> Network:
    shape = (3, 6, 6) if engine == "reference" else (3, 16, 16)
    return Network(layers or (SMALL if engine == "reference" else LAYERS), shape, get_engine(engine), seed=seed)


def images(net: Network, count: int, seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal((count, *net.input_shape)).astype(np.float32)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Return what each gives, started together, each on a thread of its own."""
    start = threading.Barrier(len(works), timeout=20)

    def run(work: Callable[[], Any]) -> Any:
        start.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [each.result() for each in [pool.submit(run, work) for work in works]]


def trained(engine: str, seed: int, steps: int) -> Array:
    """The gradients of a few training steps, one after the other."""
    net, seen = network(engine, seed), []
    X, y = images(net, 24, seed), np.random.default_rng(seed).integers(0, 10, 24)
    for net.step in range(steps):
        gradients = net.loss(X, y)[1].vector
        net.params.vector -= np.float32(0.01) * gradients
        seen.append(gradients.copy())
    return np.stack(seen)


@pytest.mark.parametrize("engine", available())
@pytest.mark.usefixtures("_threads")
def test_two_networks_train_side_by_side_as_they_do_alone(engine: str) -> None:
    steps = 2 if engine == "reference" else 30
    alone = [trained(engine, seed, steps) for seed in (1, 2)]
    together = at_once(*(lambda seed=seed: trained(engine, seed, steps) for seed in (1, 2)))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("engine", available())
@pytest.mark.usefixtures("_threads")
def test_one_network_answers_four_threads_as_it_answers_one(engine: str) -> None:
    net, asked = network(engine, 0), 20 if engine == "reference" else 60
    batches = [images(net, count, seed) for seed, count in enumerate((1, 1, 9, 16))]
    alone = [net.scores(X) for X in batches]
    answers = at_once(*(lambda X=X: [net.scores(X) for _ in range(asked)] for X in batches))
    for right, given in zip(alone, answers, strict=True):
        for scores in given:
            np.testing.assert_array_equal(scores, right)


@pytest.mark.parametrize("engine", available())
@pytest.mark.usefixtures("_threads")
def test_a_network_answers_while_its_gradients_are_computed(engine: str) -> None:
    net, times = network(engine, 0, WITHOUT_STATISTICS), 2 if engine == "reference" else 40
    X, y = images(net, 16, 0), np.arange(16) % 10
    right, gradients = net.scores(X[:5]), net.loss(X, y)[1].vector.copy()
    computed, answered = at_once(
        lambda: [net.loss(X, y)[1].vector.copy() for _ in range(times)],
        lambda: [net.scores(X[:5]) for _ in range(times)],
    )
    for found in computed:
        np.testing.assert_array_equal(found, gradients)
    for scores in answered:
        np.testing.assert_array_equal(scores, right)


@pytest.mark.parametrize("engine", [each for each in available() if each != "reference"])
def test_the_number_of_threads_may_change_during_training(engine: str) -> None:
    """Sums are rounded otherwise from there on."""
    set_threads(1)
    alone, trained_on = trained(engine, 1, 10), threading.Event()

    def change() -> None:
        for count in itertools.cycle((2, 3, 1)):
            set_threads(count)
            if trained_on.wait(0.001):
                return

    def train() -> Array:
        try:
            return trained(engine, 1, 10)
        finally:
            trained_on.set()

    together, _ = at_once(train, change)
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-3 * np.abs(alone).max())
