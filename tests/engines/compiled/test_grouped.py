"""Convolutions in groups and by windows of any sides give what the loops of the definition give, on every build."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl.conv2d_layers import conv2d_backward, conv2d_forward
from nndl.engines.compiled import bindings
from nndl.engines.compiled.abi import GroupedShape
from nndl.engines.compiled.bindings import kernels
from nndl.engines.shared.threads import set_threads
from nndl.errors import ShapeError
from nndl.net.catalog.conv import Conv
from nndl.net.types import Array, Shape
from tests.engines.compiled.variants import builds_and_threads

WITHIN = 3e-6
"""Relative to the largest number, as of direct sums in test_convolution."""

Case = tuple[int, Conv, Shape]

CASES: list[Case] = [
    (3, Conv(filters=34, groups=2), (32, 4, 5)),
    (2, Conv(filters=66, groups=2, stride=2), (70, 7, 6)),
    (1, Conv(filters=64, groups=8), (64, 9, 17)),
    (3, Conv(filters=24, groups=12), (12, 9, 8)),
    (2, Conv(filters=10, groups=5, stride=2, pad=0), (20, 7, 8)),
    (2, Conv(filters=9, kernel=1, groups=3), (6, 5, 3)),
    (2, Conv(filters=12, groups=4, dilation=2), (16, 6, 7)),
    (1, Conv(filters=6, kernel=(2, 3), stride=(2, 1), pad=(1, 2), dilation=(2, 1), groups=3), (6, 7, 6)),
    (2, Conv(filters=18, dilation=2, stride=2), (17, 9, 8)),
    (2, Conv(filters=33, kernel=(3, 5), stride=(1, 2)), (3, 5, 9)),
    (1, Conv(filters=2, kernel=1, stride=3, pad=1, groups=2), (4, 1, 1)),
]
DEPTHWISE: list[Case] = [
    (3, Conv(filters=37, groups="channels"), (37, 7, 6)),
    (2, Conv(filters=16, groups="channels", stride=2), (16, 7, 8)),
    (1, Conv(filters=5, kernel=(5, 3), groups="channels", dilation=2, pad=1), (5, 11, 9)),
    (2, Conv(filters=3, kernel=2, groups="channels", stride=3, pad=2), (3, 4, 5)),
]


def random_arrays(case: Case) -> tuple[Array, Array, Array, Array]:
    """x, w, b and dout as the definition takes them, float32."""
    count, layer, shape = case
    random = np.random.default_rng(shape[0])
    w = (layer.filters, shape[0] // layer.groups_of(shape[0]), *layer.window.size)
    lengths = ((count, *shape), w, (layer.filters,), (count, *layer.out_shape(shape)))
    x, w, b, dout = (random.standard_normal(length).astype(np.float32) for length in lengths)
    return x, w, b, dout


@cache
def by_definition(case: Case) -> dict[str, Array]:
    x, w, b, dout = (a.astype(np.float64) for a in random_arrays(case))
    out, kept = conv2d_forward(x, w, b, case[1].options())
    dx, dw, _ = conv2d_backward(dout, kept)
    return {"out": out, "dw": dw, "dx": dx}


def channels_last(a: Array) -> Array:
    return np.ascontiguousarray(a.transpose(0, 2, 3, 1))


def shape_of(case: Case) -> GroupedShape:
    count, layer, (C, H, W) = case
    F, *out = layer.out_shape((C, H, W))
    window = (side for sides in layer.window for side in sides)
    return GroupedShape(count, H, W, C, F, layer.groups_of(C), *window, *out)


def computed(way: str, case: Case) -> dict[str, Array]:
    """Run the kernels, and lay out the results as the definition would. Room for results is full of NaN before."""
    x, w, b, dout = random_arrays(case)
    images, filters, dy = channels_last(x), np.ascontiguousarray(w.transpose(2, 3, 1, 0)), channels_last(dout)
    shape = shape_of(case)
    out, dw, dx = (np.full_like(a, np.nan) for a in (dy, filters, images))
    getattr(kernels(), f"{way}_forward")(shape, images, filters, b, out)
    getattr(kernels(), f"{way}_backward")(shape, images, dy, filters, dx, dw)
    return {"out": out.transpose(0, 3, 1, 2), "dw": dw.transpose(3, 2, 0, 1), "dx": dx.transpose(0, 3, 1, 2)}


def assert_same(way: str, case: Case) -> None:
    wanted = by_definition(case)
    for name, value in computed(way, case).items():
        apart, largest = np.abs(value - wanted[name]).max(), np.abs(wanted[name]).max()
        assert apart <= WITHIN * largest, (name, apart, largest)


@pytest.mark.parametrize(("variant", "threads"), builds_and_threads())
@pytest.mark.parametrize("way", ["grouped", "depthwise"])
def test_way_is_the_definition(way: str, variant: str, threads: int) -> None:
    bindings.use(variant)
    set_threads(threads)
    for case in [*CASES, *DEPTHWISE] if way == "grouped" else DEPTHWISE:
        assert_same(way, case)


@pytest.mark.parametrize("way", ["grouped", "depthwise"])
def test_a_gradient_alone_is_the_same(way: str) -> None:
    """As it is for a first layer, or where the filters are frozen."""
    case = DEPTHWISE[0]
    x, w, _, dout = random_arrays(case)
    filters, both = np.ascontiguousarray(w.transpose(2, 3, 1, 0)), computed(way, case)
    dw, dx = np.empty_like(filters), np.empty_like(channels_last(x))
    backward = getattr(kernels(), f"{way}_backward")
    backward(shape_of(case), channels_last(x), channels_last(dout), filters, None, dw)
    backward(shape_of(case), channels_last(x), channels_last(dout), filters, dx, None)
    np.testing.assert_array_equal(dw.transpose(3, 2, 0, 1), both["dw"])
    np.testing.assert_array_equal(dx.transpose(0, 3, 1, 2), both["dx"])


SIDES = st.tuples(st.integers(1, 4), st.integers(1, 4))


@settings(max_examples=40, deadline=None)
@given(
    groups=st.sampled_from([1, 2, 3, 5, 8, 17]),
    each=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    sides=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    window=st.tuples(SIDES, SIDES, SIDES, SIDES),
    threads=st.integers(1, 4),
)
def test_any_shape(
    groups: int, each: tuple[int, int], sides: tuple[int, int], window: tuple[tuple[int, int], ...], threads: int
) -> None:
    size, stride, dilation, pad = window
    layer = Conv(filters=groups * each[1], groups=groups, kernel=size, stride=stride, dilation=dilation, pad=pad)
    try:
        layer.out_shape((groups * each[0], *sides))
    except ShapeError:
        return
    set_threads(threads)
    assert_same("grouped", (2, layer, (groups * each[0], *sides)))


@pytest.mark.parametrize("groups", [2, 8])
def test_infinity_stays_in_its_group(groups: int) -> None:
    """Zero times infinity is NaN: no filter is multiplied with another group's channels."""
    case = (2, Conv(filters=16, groups=groups), (16, 6, 6))
    x, w, b, _ = random_arrays(case)
    x[:, 0] = np.inf
    out = np.empty((2, 6, 6, 16), np.float32)
    kernels().grouped_forward(shape_of(case), channels_last(x), np.ascontiguousarray(w.transpose(2, 3, 1, 0)), b, out)
    own = 16 // groups
    assert not np.isfinite(out[..., :own]).any()
    assert np.isfinite(out[..., own:]).all()


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("way", ["grouped", "depthwise"])
def test_the_same_bits_every_time(way: str, threads: int) -> None:
    set_threads(threads)
    case = (7, Conv(filters=19, groups="channels"), (19, 9, 9))
    first = computed(way, case)
    assert_same(way, (2, *case[1:]))
    for name, value in computed(way, case).items():
        np.testing.assert_array_equal(value, first[name], err_msg=name)
