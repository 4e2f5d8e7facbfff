"""Scores in evaluation: batch norm is folded in anew when its numbers change, a few images have a way of their own."""

from collections.abc import Callable
from threading import Thread

import numpy as np
import pytest

from nndl.engines import get_engine, has_bfloat16, set_threads
from nndl.engines.compiled import bindings
from nndl.engines.compiled.abi import Finish
from nndl.engines.compiled.bindings import kernels
from nndl.net.catalog.activation import Relu, Silu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import SpatialBn
from nndl.net.catalog.pool import MaxPool
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.types import Array
from tests.engines.compiled.test_convolution import FITTING, channels_last, random_arrays, sizes
from tests.engines.compiled.variants import builds_and_threads, runnable

LAYERS: tuple[Layer, ...] = (
    *(Conv(filters=20), SpatialBn(), Relu(), MaxPool()),
    *(Conv(filters=70, bias=False), MaxPool(), SpatialBn(), Silu()),
    *(Conv(filters=33), SpatialBn(scale=False), Relu(), Affine(out_features=5)),
)
SHAPE = (3, 18, 18)


def network(engine: str = "compiled") -> Network:
    """Every number of its batch norms another than at the beginning."""
    made = Network(LAYERS, SHAPE, get_engine(engine), seed=1)
    random = np.random.default_rng(1)
    for arrays, names in ((made.params, ("gamma", "beta", "b")), (made.buffers, ("running_mean", "running_var"))):
        for name, array in arrays.items():
            if name.endswith(names):
                array[...] = random.uniform(0.5, 1.5, array.shape) * (1 if "var" in name else random.choice([-1, 1]))
    return made


def images(count: int) -> Array:
    return np.random.default_rng(count).standard_normal((count, *SHAPE), np.float32)


ENGINES = [
    *(("compiled", *build) for build in builds_and_threads()),
    *(("compiled_bf16", bindings.BF16_INSTRUCTIONS, threads) for threads in (1, 2, 3) if has_bfloat16()),
]


@pytest.mark.parametrize(("engine", "variant", "threads"), ENGINES)
def test_an_image_alone_has_the_bits_it_has_among_others(engine: str, variant: str, threads: int) -> None:
    """So what a few images are computed by is what many are: here 1, 2 and 3 fit one block of tiles, 40 do not."""
    bindings.use(variant)
    set_threads(threads)
    net, X = network(engine), images(40)
    together = net.scores(X)
    for count in (1, 2, 3):
        np.testing.assert_array_equal(net.scores(X[:count]), together[:count])
    np.testing.assert_array_equal(net.scores(X), together)


@pytest.mark.parametrize("engine", ["compiled", *(["compiled_bf16"] if has_bfloat16() else [])])
@pytest.mark.parametrize("side", [2, 4, 7])
@pytest.mark.parametrize("tail", [(), (SpatialBn(),), (SpatialBn(), Relu()), (Relu(),), (SpatialBn(), Silu())])
def test_many_channels_of_few_pixels_are_the_definitions(engine: str, side: int, tail: tuple[Layer, ...]) -> None:
    """One or two tiles with hundreds of channels are a product of windows; more are Winograd's."""
    layers = (Conv(filters=260), *tail, Affine(out_features=3))
    shape = 257, side, side
    net, exact = (
        Network(layers, shape, get_engine(engine)),
        Network(layers, shape, get_engine("vectorized"), dtype="float64"),
    )
    X = np.random.default_rng(side).standard_normal((3, 257, side, side), np.float32)
    for name, values in net.params.items():
        exact.params[name] = values
    for count in (1, 2, 3):
        within = 1e-5 if engine == "compiled" else 0.1  # Winograd's largest errors in bfloat16 are 4 to 8 %
        wanted = exact.scores(X[:count])
        assert np.abs(net.scores(X[:count]) - wanted).max() <= within * np.abs(wanted).max()


def test_many_channels_of_few_pixels_that_are_not_finite() -> None:
    """No warning, as of the kernels."""
    net = Network((Conv(filters=256), SpatialBn(), Relu()), (256, 2, 2), get_engine("compiled"))
    net.params["conv1.w"][0], net.params["spatial_bn1.gamma"][0] = 1e35, 100
    net.params["conv1.w"][1] = np.nan
    scores = net.scores(np.ones((1, 256, 2, 2), np.float32)).reshape(256, -1)
    assert np.isfinite(scores[2:]).all()
    assert not np.isfinite(scores[:2]).any()


def negate(net: Network) -> None:
    net.params.vector[...] *= -1


def load(net: Network) -> None:
    for name, array in net.params.items():
        net.params[name] = array + 1


def train(net: Network) -> None:
    net.loss(images(4), np.arange(4))
    net.params.vector[...] -= 0.1 * net.grads.vector


def elsewhere(net: Network) -> None:
    thread = Thread(target=load, args=(net,))
    thread.start()
    thread.join()


def one_array(owner: str, name: str) -> Callable[[Network], None]:
    def change(net: Network) -> None:
        getattr(net, owner)[name][...] += 0.5

    return change


CHANGES = {
    **{change.__name__: change for change in (negate, load, train, elsewhere)},
    **{
        name: one_array(owner, name)
        for owner, names in (
            ("params", "conv1.w conv1.b conv2.w spatial_bn1.gamma spatial_bn2.beta spatial_bn3.beta conv3.b"),
            ("buffers", "spatial_bn1.running_mean spatial_bn2.running_var spatial_bn3.running_var"),
        )
        for name in names.split()
    },
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("count", [1, 40])
def test_numbers_that_change_are_seen(count: int, change: Callable[[Network], None]) -> None:
    net, X = network(), images(count)
    before = [net.scores(X) for _ in range(3)]
    change(net)
    after = net.scores(X)
    fresh = Network(LAYERS, SHAPE, get_engine("compiled"))
    fresh.params.vector[...], fresh.buffers.vector[...] = net.params.vector, net.buffers.vector
    np.testing.assert_array_equal(after, fresh.scores(X))
    assert not np.array_equal(after, before[0])
    assert all(np.array_equal(each, before[0]) for each in before)


CASES = [(1, 16, 9, 8, 37, 3, 1, 1), (70, 16, 4, 4, 32, 3, 1, 1), (2, 130, 7, 7, 5, 3, 1, 1), (2, 3, 9, 9, 40, 7, 1, 3)]


@pytest.mark.parametrize("variant", runnable())
@pytest.mark.parametrize("way", FITTING)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_scaling_is_that_of_the_filters(case: tuple[int, ...], way: str, variant: str) -> None:
    if not FITTING[way](*case[5:7]):
        pytest.skip("no such window this way")
    bindings.use(variant)
    set_threads(2)
    shape = sizes(case)
    x, w, dout = random_arrays(shape)
    given, filters = channels_last(x), np.ascontiguousarray(w.transpose(2, 3, 1, 0))
    scale = np.random.default_rng(3).standard_normal(shape.filters).astype(np.float32)
    layout = () if way == "winograd" else (False,)
    found = [np.full_like(channels_last(dout), np.nan) for _ in range(2)]
    forward = getattr(kernels(), f"{way}_forward")
    forward(shape, given, *layout, filters, Finish(y=found[0], scale=scale))
    forward(shape, given, *layout, filters * scale, Finish(y=found[1]))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("variant", runnable())
@pytest.mark.parametrize("pool", [0, 2, 3])
@pytest.mark.parametrize(
    "case", [(1, 3, 17, 9, 37, 3, 1, 1), (1, 2, 13, 8, 5, 7, 1, 2), (1, 4, 3, 6, 16, 5, 1, 2)], ids=str
)
def test_bands_of_an_image_are_the_image(case: tuple[int, ...], pool: int, variant: str) -> None:
    """One image by more threads than there are images is cut into bands; by one thread it is whole."""
    bindings.use(variant)
    shape = sizes(case)
    x, w, dout = random_arrays(shape)
    y = channels_last(dout)
    found = []
    for threads in (1, 2, 3, 5):
        set_threads(threads)
        best = np.full((1, y.shape[1] // max(1, pool), y.shape[2] // max(1, pool), shape.filters), np.nan, np.float32)
        out, index = np.full_like(y, np.nan), np.full(best.shape, 99, np.uint8)
        pooled = {"pool": pool, "best": best, "index": index} if pool else {}
        filters = np.ascontiguousarray(w.transpose(2, 3, 1, 0))
        kernels().row_winograd_forward(shape, channels_last(x), 0, filters, Finish(y=out, relu=2, **pooled))
        found.append((out, best if pool else out, index))
    for each in found[1:]:
        for one, other in zip(found[0], each, strict=True):
            np.testing.assert_array_equal(one, other)
    assert not np.isnan(found[0][1]).any()
