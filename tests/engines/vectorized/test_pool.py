"""Pooling over blocks is the definition's pooling, ties included."""

from typing import Any

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
from nndl.net.window import Window


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Windows of all sizes and steps, half of them padded by up to half their size."""
    size, stride = (draw(st.tuples(st.integers(1, 4), st.integers(1, 4))) for _ in range(2))
    pads = st.tuples(*(st.integers(0, side // 2) for side in size))
    return Window(size, stride, draw(st.just((0, 0)) | pads))


WINDOWS = windows()


def pool_param(window: Window) -> dict[str, Any]:
    """The courses' param dict of a window."""
    height, width = window.size
    return {"pool_height": height, "pool_width": width, "stride": window.stride, "pad": window.pad}


SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(4, 9), st.integers(4, 9))


@settings(deadline=None)
@given(shape=SHAPES, window=WINDOWS, levels=st.sampled_from([1, 2, 3, 1000]), nan=st.sampled_from([0, 0.1, 0.5, 1]))
def test_max_pooling_with_any_number_of_ties_and_nans(
    shape: tuple[int, ...], window: Window, levels: int, nan: float
) -> None:
    random = np.random.default_rng(levels)
    x = random.integers(0, levels, shape).astype(np.float64)
    x[random.random(shape) < nan] = np.nan
    wanted, cache = max_pool_forward_naive(x, pool_param(window))
    dout = random.standard_normal(wanted.shape)
    images = np.ascontiguousarray(channels_last(x))
    out = np.full(channels_last(wanted).shape, np.nan)
    index: Array = np.full(out.shape, 255, index_dtype(window))
    dx = np.full(images.shape, np.nan)

    max_pool(images, window, out, index)
    max_unpool(np.ascontiguousarray(channels_last(dout)), index, window, dx)

    np.testing.assert_array_equal(channels_first(out), wanted)
    np.testing.assert_allclose(channels_first(dx), max_pool_backward_naive(dout, cache), rtol=0, atol=1e-12)


@settings(deadline=None)
@given(shape=SHAPES, window=WINDOWS)
def test_average_pooling(shape: tuple[int, ...], window: Window) -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal(shape)
    wanted, cache = avg_pool_forward_naive(x, pool_param(window))
    dout = random.standard_normal(wanted.shape)
    out, dx = np.full(channels_last(wanted).shape, np.nan), np.full(channels_last(x).shape, np.nan)

    avg_pool(np.ascontiguousarray(channels_last(x)), window, out)
    avg_unpool(np.ascontiguousarray(channels_last(dout)), window, dx)

    np.testing.assert_allclose(channels_first(out), wanted, rtol=0, atol=1e-13)
    np.testing.assert_allclose(channels_first(dx), avg_pool_backward_naive(dout, cache), rtol=0, atol=1e-13)


def test_windows_of_more_than_256_places_are_numbered_right() -> None:
    window = Window((17, 17), (17, 17), (0, 0))
    x = np.zeros((1, 17, 17, 1))
    x[0, 16, 16] = 1
    out: Array = np.empty((1, 1, 1, 1))
    index: Array = np.empty((1, 1, 1, 1), index_dtype(window))
    max_pool(x, window, out, index)
    assert index.item() == 17 * 17 - 1
