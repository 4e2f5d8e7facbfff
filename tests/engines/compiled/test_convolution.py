"""All compiled ways to convolve give what the definition's loops give, on every instruction set and thread count."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl.conv_layers import conv_backward_naive, conv_forward_naive
from nndl.engines.compiled import bindings
from nndl.engines.compiled.abi import Finish, Shape
from nndl.engines.compiled.bindings import kernels
from nndl.engines.shared.threads import set_threads
from nndl.net.types import Array
from tests.engines.compiled.variants import builds_and_threads

WITHIN = {"direct": 3e-6, "winograd": 4e-5, "row_winograd": 1e-5}
"""Relative to the largest number. Sums of a few thousand products in float32 (unit roundoff 6e-8) are within a few 1e-6
of exact. Winograd's transforms multiply by numbers from 1/24 to 8 whose effects cancel again."""

CASES = [
    # N, C, H, W, F, size, stride, pad
    (2, 1, 6, 6, 3, 3, 1, 1),
    (1, 3, 7, 9, 5, 3, 1, 1),
    (3, 5, 8, 8, 33, 3, 1, 1),
    (2, 16, 6, 5, 16, 3, 1, 1),
    (5, 33, 5, 6, 64, 3, 1, 1),
    (1, 64, 4, 4, 65, 3, 1, 1),
    (2, 130, 4, 4, 3, 3, 1, 1),
    (2, 3, 8, 8, 4, 3, 1, 0),
    (2, 3, 5, 7, 4, 3, 1, 2),
    (1, 2, 3, 3, 2, 3, 1, 0),
    (2, 3, 8, 7, 40, 5, 1, 2),
    (3, 3, 17, 15, 32, 7, 1, 3),
    (2, 3, 8, 8, 4, 3, 2, 1),
    (2, 17, 7, 9, 4, 3, 2, 0),
    (2, 3, 9, 8, 3, 4, 3, 2),
    (2, 16, 5, 4, 6, 1, 1, 0),
    (2, 3, 5, 5, 4, 1, 2, 0),
    (2, 3, 4, 4, 4, 1, 1, 1),
    (2, 3, 5, 5, 2, 2, 1, 0),
]


def sizes(case: tuple[int, ...]) -> Shape:
    N, C, H, W, F, size, stride, pad = case
    return Shape(
        N, H, W, C, F, size, stride, pad, 1 + (H + 2 * pad - size) // stride, 1 + (W + 2 * pad - size) // stride
    )


def case_of(s: Shape) -> tuple[int, ...]:
    return s.images, s.channels, s.height, s.width, s.filters, s.kernel, s.stride, s.pad


def random_arrays(shape: Shape) -> tuple[Array, Array, Array]:
    """x, w and dout as the definition takes them, float32."""
    random = np.random.default_rng(shape.channels)
    lengths = (
        (shape.images, shape.channels, shape.height, shape.width),
        (shape.filters, shape.channels, shape.kernel, shape.kernel),
        (shape.images, shape.filters, shape.out_height, shape.out_width),
    )
    x, w, dout = (random.standard_normal(length).astype(np.float32) for length in lengths)
    return x, w, dout


@cache
def by_definition(*case: int) -> dict[str, Array]:
    shape = sizes(case)
    x, w, dout = (a.astype(np.float64) for a in random_arrays(shape))
    out, cache = conv_forward_naive(x, w, None, {"stride": shape.stride, "pad": shape.pad})
    dx, dw, _ = conv_backward_naive(dout, cache)
    return {"out": out, "dw": dw, "dx": dx}


def channels_last(a: Array) -> Array:
    return np.ascontiguousarray(a.transpose(0, 2, 3, 1))


def computed(way: str, shape: Shape, planar: bool = False) -> dict[str, Array]:
    """Run the kernels, and lay out the results as the definition would. Room for results is full of NaN before."""
    x, w, dout = random_arrays(shape)
    images, filters, dy = channels_last(x), np.ascontiguousarray(w.transpose(2, 3, 1, 0)), channels_last(dout)
    given = x if planar else images
    out, dw, dx = (np.full_like(a, np.nan) for a in (dy, filters, images))
    kept = [a.copy() for a in (given, filters, dy)]
    layout = (planar,) if way != "winograd" else ()
    getattr(kernels(), f"{way}_forward")(shape, given, *layout, filters, Finish(y=out))
    back = "winograd" if way == "winograd" else "direct"  # along the rows there is a way forward alone
    getattr(kernels(), f"{back}_weight_gradient")(shape, given, *layout, dy, None, dw)
    pooled = (None,) if way == "winograd" else ()
    getattr(kernels(), f"{back}_input_gradient")(shape, dy, *pooled, filters, dx)
    for before, after in zip(kept, (given, filters, dy), strict=True):
        np.testing.assert_array_equal(before, after)
    return {"out": out.transpose(0, 3, 1, 2), "dw": dw.transpose(3, 2, 0, 1), "dx": dx.transpose(0, 3, 1, 2)}


def assert_same(way: str, shape: Shape, planar: bool = False) -> None:
    wanted = by_definition(*case_of(shape))
    for name, value in computed(way, shape, planar).items():
        apart, largest = np.abs(value - wanted[name]).max(), np.abs(wanted[name]).max()
        assert apart <= WITHIN[way] * largest, (name, apart, largest)


FITTING = {
    "direct": lambda size, stride: True,  # noqa: ARG005
    "winograd": lambda size, stride: (size, stride) == (3, 1),
    "row_winograd": lambda size, stride: size in (3, 5, 7) and stride == 1,
}
WAYS = [(way, case) for way in WITHIN for case in CASES if FITTING[way](*case[5:7])]


@pytest.mark.parametrize(("variant", "threads"), builds_and_threads())
@pytest.mark.parametrize(("way", "case"), WAYS, ids=str)
def test_way_is_the_definition(way: str, case: tuple[int, ...], variant: str, threads: int) -> None:
    bindings.use(variant)
    set_threads(threads)
    assert_same(way, sizes(case))


@pytest.mark.parametrize(
    ("way", "case"), [(way, case) for way, case in WAYS if way != "winograd" and case[1] <= 5], ids=str
)
def test_images_are_read_as_they_come(way: str, case: tuple[int, ...]) -> None:
    assert_same(way, sizes(case), planar=True)


@settings(max_examples=30, deadline=None)
@given(
    lengths=st.tuples(*(st.integers(1, top) for top in (3, 40, 11, 11, 40))),
    window=st.tuples(st.integers(1, 7), st.integers(1, 3), st.integers(0, 3)),
    way=st.sampled_from(list(WITHIN)),
    threads=st.integers(1, 4),
)
def test_any_shape(lengths: tuple[int, ...], window: tuple[int, int, int], way: str, threads: int) -> None:
    size, stride, pad = window
    if way == "winograd":
        size, stride, pad = 3, 1, min(pad, 2)
    elif way == "row_winograd":
        size, stride = max(3, size | 1), 1
    if min(lengths[2:4]) + 2 * pad < size:
        return
    set_threads(threads)
    assert_same(way, sizes((*lengths, size, stride, pad)))


@pytest.mark.parametrize("way", list(WITHIN))
def test_a_short_batch_after_a_long_one(way: str) -> None:
    """Nothing of the long one is left in the memory that is used again."""
    for images in (9, 2, 9, 1):
        assert_same(way, sizes((images, 19, 9, 10, 35, 3, 1, 1)))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("tile", [3, 4, 6])
@pytest.mark.parametrize("case", [(1, 8, 45, 61, 8, 3, 1, 1), (2, 9, 35, 50, 17, 3, 1, 2)], ids=str)
def test_bands_of_large_images_have_the_bits_of_whole_ones(case: tuple[int, ...], tile: int, threads: int) -> None:
    """Images are not cut into bands where sums of the outputs are wanted."""
    set_threads(threads)
    (N, C, H, W, F, *_, pad), shape = case, sizes(case)
    back = Shape(N, shape.out_height, shape.out_width, F, C, 3, 1, 2 - pad, H, W, tile)
    shape.tile = tile
    x, w, dout = random_arrays(shape)
    images, dy, filters = channels_last(x), channels_last(dout), np.ascontiguousarray(w.transpose(2, 3, 1, 0))
    turned = np.ascontiguousarray(w[:, :, ::-1, ::-1].transpose(2, 3, 0, 1))
    whole, bands, whole_dx, dx = (np.full_like(a, np.nan) for a in (dy, dy, images, images))
    kernels().winograd_forward(shape, images, filters, Finish(y=whole, sums=np.empty((2, F))))
    kernels().winograd_forward(shape, images, filters, Finish(y=bands))
    kernels().winograd_forward(back, dy, turned, Finish(y=whole_dx, sums=np.empty((2, C))))
    kernels().winograd_input_gradient(shape, dy, None, filters, dx)
    np.testing.assert_array_equal(bands, whole)
    np.testing.assert_array_equal(dx, whole_dx)


def test_outputs_too_large_for_the_cache_are_the_same() -> None:
    """They are written past it."""
    shape = sizes((40, 4, 32, 32, 32, 3, 1, 1))
    x, w, _ = random_arrays(shape)
    filters = np.ascontiguousarray(w.transpose(2, 3, 1, 0))
    out = np.empty((40, 32, 32, 32), np.float32)
    one = np.empty((1, 32, 32, 32), np.float32)
    for way in ("direct", "winograd"):
        layout = (False,) if way == "direct" else ()
        forward = getattr(kernels(), f"{way}_forward")
        forward(shape, channels_last(x), *layout, filters, Finish(y=out))
        for n in (0, 39):
            alone = sizes((1, 4, 32, 32, 32, 3, 1, 1))
            forward(alone, channels_last(x[n : n + 1]), *layout, filters, Finish(y=one))
            np.testing.assert_array_equal(out[n : n + 1], one)


@pytest.mark.parametrize(("variant", "threads"), builds_and_threads())
@pytest.mark.parametrize("filters", [1, 5, 24])
@pytest.mark.parametrize("before", [0, 1, 15])
def test_few_filters_are_written_as_one_run(filters: int, before: int, variant: str, threads: int) -> None:
    """Past the cache too, wherever y begins, and nothing beside it."""
    bindings.use(variant)
    set_threads(threads)
    count = 1 + 4_500_000 // (4 * 31 * 31 * filters)
    shape = sizes((count, 1, 31, 31, filters, 1, 1, 0))
    x, w, _ = random_arrays(shape)
    room = np.full(before + x.size * filters + 40, np.nan, np.float32)
    out = room[before : before + x.size * filters].reshape(count, 31, 31, filters)
    images = channels_last(x)
    kernels().direct_forward(shape, images, False, w.reshape(1, 1, 1, filters), Finish(y=out))
    np.testing.assert_array_equal(out, images * w.ravel())
    assert np.isnan(room[:before]).all()
    assert np.isnan(room[before + out.size :]).all()


def test_winograd_error_is_as_stated() -> None:
    """kernels/winograd.h says 1e-5 of the largest output, plain sums 1e-6, on 256 channels."""
    shape = sizes((1, 256, 8, 8, 64, 3, 1, 1))
    wanted = by_definition(*case_of(shape))["out"]
    for way, stated in (("winograd", 1e-5), ("direct", 1e-6)):
        error = np.abs(computed(way, shape)["out"] - wanted).max() / np.abs(wanted).max()
        assert stated / 20 < error < 1.5 * stated, (way, error)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_bits_every_time(threads: int) -> None:
    set_threads(threads)
    for way in ("direct", "winograd"):
        shape = sizes((7, 70, 9, 9, 40, 3, 1, 1))
        first, again = computed(way, shape), computed(way, shape)
        for name, value in first.items():
            np.testing.assert_array_equal(value, again[name], err_msg=f"{way} {name}")


def test_a_kernel_refuses_arrays_it_would_misread() -> None:
    shape = sizes((2, 3, 4, 4, 2, 3, 1, 1))
    x, w, _ = random_arrays(shape)
    with pytest.raises(TypeError, match="float32, not float64"):
        kernels().winograd_weight_gradient(shape, x.astype(np.float64), x, None, w)
    with pytest.raises(TypeError, match="contiguous"):
        kernels().winograd_weight_gradient(shape, x.transpose(0, 2, 3, 1), x, None, w)
