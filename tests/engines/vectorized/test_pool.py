"""Pooling over blocks is the definition's pooling, ties included."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl.conv_layers import (
    avg_pool_backward_naive,
    avg_pool_forward_naive,
    max_pool_backward_naive,
    max_pool_forward_naive,
)
from nndl.engines.shared.layout import channels_first, channels_last
from nndl.engines.vectorized.pool import avg_pool, avg_unpool, index_dtype, max_pool, max_unpool
from nndl.net.types import Array

WINDOWS = st.tuples(st.integers(1, 4), st.integers(1, 4))
SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(4, 9), st.integers(4, 9))


@settings(deadline=None)
@given(shape=SHAPES, window=WINDOWS, levels=st.sampled_from([1, 2, 3, 1000]), nan=st.sampled_from([0, 0.1, 0.5, 1]))
def test_max_pooling_with_any_number_of_ties_and_nans(
    shape: tuple[int, ...], window: tuple[int, int], levels: int, nan: float
) -> None:
    size, stride = window
    random = np.random.default_rng(levels)
    x = random.integers(0, levels, shape).astype(np.float64)
    x[random.random(shape) < nan] = np.nan
    param = {"pool_height": size, "pool_width": size, "stride": stride}
    wanted, cache = max_pool_forward_naive(x, param)
    dout = random.standard_normal(wanted.shape)
    images = np.ascontiguousarray(channels_last(x))
    out = np.full(channels_last(wanted).shape, np.nan)
    index: Array = np.full(out.shape, 255, index_dtype(size))
    dx = np.full(images.shape, np.nan)

    max_pool(images, size, stride, out, index)
    max_unpool(np.ascontiguousarray(channels_last(dout)), index, size, stride, dx)

    np.testing.assert_array_equal(channels_first(out), wanted)
    np.testing.assert_allclose(channels_first(dx), max_pool_backward_naive(dout, cache), rtol=0, atol=1e-12)


@settings(deadline=None)
@given(shape=SHAPES, window=WINDOWS)
def test_average_pooling(shape: tuple[int, ...], window: tuple[int, int]) -> None:
    size, stride = window
    random = np.random.default_rng(0)
    x = random.standard_normal(shape)
    wanted, cache = avg_pool_forward_naive(x, {"pool_height": size, "pool_width": size, "stride": stride})
    dout = random.standard_normal(wanted.shape)
    out, dx = np.full(channels_last(wanted).shape, np.nan), np.full(channels_last(x).shape, np.nan)

    avg_pool(np.ascontiguousarray(channels_last(x)), size, stride, out)
    avg_unpool(np.ascontiguousarray(channels_last(dout)), size, stride, dx)

    np.testing.assert_allclose(channels_first(out), wanted, rtol=0, atol=1e-13)
    np.testing.assert_allclose(channels_first(dx), avg_pool_backward_naive(dout, cache), rtol=0, atol=1e-13)


def test_windows_of_more_than_256_places_are_numbered_right() -> None:
    x = np.zeros((1, 17, 17, 1))
    x[0, 16, 16] = 1
    out: Array = np.empty((1, 1, 1, 1))
    index: Array = np.empty((1, 1, 1, 1), index_dtype(17))
    max_pool(x, 17, 17, out, index)
    assert index.item() == 17 * 17 - 1
