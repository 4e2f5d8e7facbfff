"""The last row and column of an input gradient, apart from tiles, where those of the outputs are dropped."""

import numpy as np
import pytest

from nndl.conv_layers import conv_backward_naive
from nndl.engines.compiled import bindings
from nndl.engines.compiled.abi import Shape, Unpool
from nndl.engines.compiled.bindings import kernels
from nndl.engines.shared.threads import set_threads
from nndl.net.types import Array
from tests.engines.compiled.test_convolution import WITHIN
from tests.engines.compiled.variants import builds_and_threads


def shape_of(images: int, channels: int, filters: int, height: int, width: int, tile: int, edge: int) -> Shape:
    return Shape(images, height, width, channels, filters, 3, 1, 1, height - 1, width - 1, tile, edge)


def by_definition(shape: Shape, dy: Array, w: Array) -> Array:
    """dx (N, H, W, C) of dy (N, H - 1, W - 1, F), as if it had a last row and column of zeros."""
    dout = np.pad(dy.astype(np.float64), ((0, 0), (0, 1), (0, 1), (0, 0))).transpose(0, 3, 1, 2)
    x = np.zeros((shape.images, shape.channels, shape.height, shape.width))
    filters = w.astype(np.float64).transpose(3, 2, 0, 1)
    dx, _, _ = conv_backward_naive(dout, (x, filters, None, {"stride": 1, "pad": 1}))
    return dx.transpose(0, 2, 3, 1)


def computed(shape: Shape, dy: Array | None, w: Array, pooled: Unpool | None = None) -> Array:
    dx = np.full((shape.images, shape.height, shape.width, shape.channels), np.nan, np.float32)
    kernels().winograd_input_gradient(shape, dy, pooled, w, dx)
    return dx


@pytest.mark.parametrize(("variant", "threads"), builds_and_threads())
@pytest.mark.parametrize("sizes", [(3, 17, 35, 7, 7), (30, 16, 16, 7, 13), (2, 70, 20, 2, 6)], ids=str)
def test_input_gradient_is_the_definition(sizes: tuple[int, ...], variant: str, threads: int) -> None:
    bindings.use(variant)
    set_threads(threads)
    random = np.random.default_rng(0)
    images, channels, filters, height, width = sizes
    dy = random.standard_normal((images, height - 1, width - 1, filters), dtype=np.float32)
    w = random.standard_normal((3, 3, channels, filters), dtype=np.float32)
    for tile in (4, 6):
        shape = shape_of(*sizes, tile, edge=1)
        wanted = by_definition(shape, dy, w)
        assert np.abs(computed(shape, dy, w) - wanted).max() <= WITHIN["winograd"] * np.abs(wanted).max()


@pytest.mark.parametrize("threads", [1, 2])
def test_from_pooled_gradients_as_from_their_pixels(threads: int) -> None:
    """Bit for bit, at every run."""
    set_threads(threads)
    random = np.random.default_rng(1)
    shape = shape_of(29, 20, 33, 7, 9, 6, edge=1)
    dout = random.standard_normal((29, 3, 4, 33), dtype=np.float32)
    w = random.standard_normal((3, 3, 20, 33), dtype=np.float32)
    pooled = Unpool(29, 6, 8, 33, 2, 0, dout=dout, index=random.integers(0, 4, dout.shape).astype(np.uint8))
    dy = np.empty((29, 6, 8, 33), np.float32)
    kernels().unpool(pooled, dy)
    dx = computed(shape, dy, w)
    np.testing.assert_array_equal(computed(shape, None, w, pooled), dx)
    np.testing.assert_array_equal(computed(shape, None, w, pooled), dx)
