"""More threads than cores: the definition's gradients, the same bits at every run, no more memory for weights."""

import subprocess
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from nndl.config import parse_config
from nndl.config.build import build
from nndl.engines import available, get_engine, set_threads, thread_count
from nndl.engines.vectorized import geometry
from nndl.net.catalog import Affine, AvgPool, Conv, MaxPool, Relu, Silu, SpatialBn
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.types import Array
from tests import small_run

THREADS = (4, 8, 16)
ENGINES = [name for name in ("vectorized", "compiled") if name in available()]

# Filters of these sizes come all ways: a dw (or its Winograd transform) for each thread, one for all, and a few whose
# rows threads share.
WAYS: dict[str, tuple[Layer, ...]] = {
    "strided": (Conv(filters=128, stride=2), Silu(), Conv(filters=150, stride=2), Silu()),
    "winograd": (Conv(filters=96), SpatialBn(), Silu(), Conv(filters=100), AvgPool()),
    "in groups": (
        *(Conv(filters=64, kernel=1, pad=0), Conv(filters=64, groups=4), Conv(filters=64, groups="channels"), Silu()),
        *(Conv(filters=260, stride=2, dilation=2, pad=2), Silu()),
    ),
    "pointwise": (Conv(filters=20, kernel=1, pad=0), Silu(), Conv(filters=70, kernel=1, pad=0), AvgPool()),
}
"""The definition's layers, in whose rows nothing is cut off or chosen: rounding stays small."""

POOLED: tuple[Layer, ...] = (Conv(filters=70, kernel=7), Relu(), MaxPool(), Affine(out_features=10))


@pytest.fixture(autouse=True)
def _same_threads_afterwards() -> Iterator[None]:
    before = thread_count()
    yield
    set_threads(before)


def gradients(engine: str, threads: int, layers: tuple[Layer, ...], dtype: str = "float32") -> Array:
    """Return those of a batch, of all parameters one after the other."""
    set_threads(threads)
    channels = 3 if layers is POOLED else 17
    network = Network((*layers, Affine(out_features=10)), (channels, 6, 6), get_engine(engine), dtype=dtype)
    random = np.random.default_rng(1)
    X, y = random.standard_normal((9, channels, 6, 6)).astype(dtype), random.integers(0, 10, 9)
    return np.concatenate([gradient.ravel() for gradient in network.loss(X, y)[1].values()])


@pytest.fixture(scope="module")
def by_definition() -> dict[str, Array]:
    return {name: gradients("reference", 1, layers, "float64") for name, layers in WAYS.items()}


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("engine", ENGINES)
def test_gradients_are_the_definitions_and_the_same_at_every_run(
    engine: str, way: str, threads: int, by_definition: dict[str, Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geometry, "SMALL", 1_000_000)  # of images so few, larger weights would take seconds
    exact, found = by_definition[way], gradients(engine, threads, WAYS[way])
    assert np.abs(found - exact).max() < 2e-5 * np.abs(exact).max()
    assert np.array_equal(found, gradients(engine, threads, WAYS[way]))


@pytest.mark.parametrize("engine", ENGINES)
def test_of_pooled_images_too(engine: str) -> None:
    few, many = (gradients(engine, threads, POOLED) for threads in (1, 16))
    assert np.abs(many - few).max() < 1e-5 * np.abs(few).max()
    assert np.array_equal(many, gradients(engine, 16, POOLED))


PEAK = """
import resource
import numpy as np
from nndl.engines import get_engine, set_threads
from nndl.net.catalog import Affine, Conv
from nndl.net.network import Network

def peak(threads):
    set_threads(threads)
    network = Network({layers}, {shape}, get_engine("{engine}"))
    network.loss(X, y)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

X, y = np.zeros((48, *{shape}), np.float32), np.zeros(48, int)
print(peak(2), peak(48))
"""
LARGE = {
    "of stride 2": ("(Conv(filters=256, stride=2), Affine(out_features=10))", (256, 4, 4)),
    "by Winograd": ("(Conv(filters=200), Affine(out_features=10))", (200, 4, 4)),
}


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is given in kilobytes there")
@pytest.mark.parametrize("way", LARGE)
@pytest.mark.parametrize("engine", ENGINES)
def test_memory_for_the_weights_does_not_grow_with_the_threads(engine: str, way: str) -> None:
    layers, shape = LARGE[way]
    code = PEAK.format(layers=layers, shape=shape, engine=engine)
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    two, many = map(int, said.split())
    assert many - two < 60  # MiB; a dw of 2.4 MB for each thread would be 110, one of Winograd's places 270


@pytest.mark.parametrize("engine", ENGINES)
def test_thousands_of_short_kernels_end(engine: str) -> None:
    set_threads(16)
    network = Network((Conv(filters=4), Relu(), Affine(out_features=3)), (3, 4, 4), get_engine(engine))
    X, y = np.zeros((33, 3, 4, 4), np.float32), np.zeros(33, int)

    def compute() -> None:
        for _ in range(150):
            network.loss(X, y)

    computing = threading.Thread(target=compute, daemon=True)
    computing.start()
    computing.join(60)
    assert not computing.is_alive()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_training_broken_off_and_resumed_is_the_same(engine: str) -> None:
    text = small_run.config(engine).replace("threads: 1", "threads: 8")
    whole, first, second = (build(parse_config(text, "small.yaml")).solver for _ in range(3))
    for _ in whole.events():
        pass
    next(event for event in first.events() if event.step == 7)
    second.restore(*first.state())
    for _ in second.events():
        pass
    assert thread_count() == 8
    assert np.array_equal(whole.network.params.vector, second.network.params.vector)
