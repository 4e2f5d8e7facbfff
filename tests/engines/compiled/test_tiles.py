"""Winograd's tiles: the C code written from their table, on every build, and which size covers what."""

import numpy as np
import pytest

from nndl.engines.compiled import COMPILED, bindings, tiles
from nndl.engines.compiled.conv_norm import ConvNormStep, FoldedStep
from nndl.engines.compiled.convolution import ConvStep, pays_winograd
from nndl.engines.compiled.covers import LARGE, USUAL, Cover, best_cover, products
from nndl.engines.shared.threads import set_threads
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import SpatialBn
from nndl.net.catalog.pool import MaxPool
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.plan import Planner
from tests.engines.compiled.test_convolution import WITHIN, by_definition, case_of, computed, sizes
from tests.engines.compiled.variants import runnable


@pytest.mark.sources_alone  # kernels of another text are as good as none
def test_the_code_is_written_from_the_table() -> None:
    """If not: `python -m nndl.engines.compiled.tiles`."""
    assert tiles.HEADER.read_text(encoding="utf-8") == tiles.header()


@pytest.mark.parametrize("tile", [3, 4, 5, 6])
@pytest.mark.parametrize("variant", runnable())
def test_every_size_alone_and_beside_a_shorter_one(tile: int, variant: str) -> None:
    """Sides of one tile and of several, whole and short ones, and with outputs to spare."""
    bindings.use(variant)
    for height, width in ((1, 2), (5, 6), (7, 11), (13, 10)):
        shape = sizes((2, 17, height, width, 35, 3, 1, 1))
        shape.tile = tile
        wanted = by_definition(*case_of(shape))
        for name, value in computed("winograd", shape).items():
            apart, largest = np.abs(value - wanted[name]).max(), np.abs(wanted[name]).max()
            assert apart <= WITHIN["winograd"] * largest, (height, width, name, apart / largest)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_bits_every_time(threads: int) -> None:
    set_threads(threads)
    shape = sizes((7, 70, 11, 6, 40, 3, 1, 1))
    shape.tile = LARGE
    first, again = computed("winograd", shape), computed("winograd", shape)
    for name, value in first.items():
        np.testing.assert_array_equal(value, again[name], err_msg=name)


@pytest.mark.parametrize(
    ("channels", "filters", "pays"), [(304, 12, True), (8, 8, True), (3, 64, False), (64, 7, False)]
)
def test_from_eight_channels_before_and_behind(channels: int, filters: int, pays: bool) -> None:
    assert pays_winograd(Conv(filters=filters), channels) == pays


def test_products_of_an_axis() -> None:
    assert [products(n, USUAL) for n in (3, 7, 14, 30)] == [5, 11, 22, 46]
    assert [products(n, LARGE) for n in (3, 7, 14, 30)] == [5, 11, 20, 40]


@pytest.mark.parametrize("side", range(2, 33))
@pytest.mark.parametrize("channels", [24, 64, 256])
def test_large_tiles_where_they_were_quicker(side: int, channels: int) -> None:
    """Sides on which tiles of 4 are as good or better: on the others those of 6 took 0.6 to 0.99 of their time."""
    usual = {2, 3, 4, 7, 8} if channels == 256 else {2, 3, 4, 7, 8, 16, 31, 32}
    assert best_cover(side, side, channels) == Cover(USUAL if side in usual else LARGE)


@pytest.mark.parametrize(
    ("side", "channels", "cover"),
    [
        (31, 24, (6, 1)),
        (15, 64, (6, 0)),
        (7, 256, (4, 0)),
        (13, 256, (6, 0)),
        (31, 256, (6, 0)),
        (7, 64, (4, 0)),
        (1, 64, (4, 0)),
    ],
)
def test_an_edge_is_left_out_where_that_was_quicker(side: int, channels: int, cover: tuple[int, int]) -> None:
    assert best_cover(side, side, channels, edge=True) == cover


@pytest.mark.parametrize("tail", [(MaxPool(),), (MaxPool(), SpatialBn())])
def test_training_takes_them_and_evaluation_does_not(tail: tuple[Layer, ...]) -> None:
    network = Network((Conv(filters=24), *tail), (24, 31, 31), COMPILED)
    usual = Cover(USUAL)
    for mode, forward, back in (("train", Cover(LARGE), Cover(LARGE, edge=1)), ("test", usual, usual)):
        planner = Planner(COMPILED, network.params, network.grads, network.buffers, mode, network.dtype)
        step = planner.chain(network.placed, "nhwc", needs_dx=True).steps[0].step
        assert isinstance(step, ConvStep | ConvNormStep | FoldedStep)
        assert (step.conv.cover, step.conv.cover_back) == (forward, back)
