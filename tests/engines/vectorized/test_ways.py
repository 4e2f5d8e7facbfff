"""Every way to compute a convolution gives what the definition's loops give: output, dw and dx."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl.conv2d_layers import conv2d_backward, conv2d_forward
from nndl.conv_layers import conv_backward_naive, conv_forward_naive
from nndl.engines.shared.layout import channels_first, channels_last, kernel_order, slices
from nndl.engines.shared.threads import set_threads
from nndl.engines.vectorized.convolution import groups_together, pays_winograd
from nndl.engines.vectorized.depthwise import Depthwise
from nndl.engines.vectorized.geometry import Geometry, ignore
from nndl.engines.vectorized.im2col import Im2col
from nndl.engines.vectorized.merged import Merged
from nndl.engines.vectorized.planes import Planes
from nndl.engines.vectorized.winograd import Winograd, best_size, products_of
from nndl.net.types import Array

WITHIN: dict[tuple[type, str], float] = {
    (Im2col, "float64"): 1e-12,
    (Planes, "float64"): 1e-12,
    (Winograd, "float64"): 1e-12,
    (Im2col, "float32"): 3e-6,
    (Planes, "float32"): 3e-6,
    (Winograd, "float32"): 4e-5,
}
"""Relative to the largest number. Sums of a few thousand products in float32 (unit roundoff 6e-8) are within a few 1e-6
of exact. Winograd's transforms multiply by numbers from 1/32 to 32 whose effects cancel again: measured are 2e-6 to
1.4e-5 (256 channels), where plain sums have 1e-7 to 6e-7."""

CASES = [
    # N, C, H, W, F, size, stride, pad
    (2, 1, 6, 6, 3, 3, 1, 1),
    (1, 3, 7, 9, 5, 3, 1, 1),
    (3, 5, 8, 8, 4, 3, 1, 1),
    (2, 16, 6, 5, 16, 3, 1, 1),
    (1, 33, 5, 6, 17, 3, 1, 1),
    (2, 3, 8, 8, 4, 3, 1, 0),
    (2, 3, 5, 7, 4, 3, 1, 2),
    (1, 2, 3, 3, 2, 3, 1, 0),
    (2, 3, 8, 7, 4, 5, 1, 2),
    (1, 3, 9, 9, 4, 7, 1, 3),
    (2, 3, 8, 8, 4, 3, 2, 1),
    (2, 3, 7, 9, 4, 3, 2, 0),
    (2, 3, 9, 8, 3, 4, 3, 2),
    (2, 16, 5, 4, 6, 1, 1, 0),
    (2, 3, 5, 5, 4, 1, 2, 0),
    (2, 3, 4, 4, 4, 1, 1, 1),
    (2, 3, 5, 5, 2, 2, 1, 0),
]


def arrays(case: tuple[int, ...], dtype: str) -> tuple[Array, Array, Array]:
    N, C, H, W, F, size, stride, pad = case
    random = np.random.default_rng(case)
    height, width = 1 + (H + 2 * pad - size) // stride, 1 + (W + 2 * pad - size) // stride
    shapes = (N, C, H, W), (F, C, size, size), (N, F, height, width)
    x, w, dout = (random.standard_normal(shape).astype(dtype) for shape in shapes)
    return x, w, dout


def by_definition(x: Array, w: Array, dout: Array, stride: int, pad: int) -> dict[str, Array]:
    exact = [a.astype(np.float64) for a in (x, w, dout)]
    out, cache = conv_forward_naive(exact[0], exact[1], None, {"stride": stride, "pad": pad})
    dx, dw, _ = conv_backward_naive(exact[2], cache)
    return {"out": out, "dw": dw, "dx": dx}


def computed(way: Any, x: Array, w: Array, dout: Array, g: Geometry) -> dict[str, Array]:
    """Run `way`, and lay out the results as the definition would."""
    filters = np.ascontiguousarray(kernel_order(w))
    douts = np.ascontiguousarray(channels_last(dout))
    images = x if way is Planes else np.ascontiguousarray(channels_last(x))
    kept = [a.copy() for a in (images, filters, douts)]
    out, dw, dx = np.full_like(douts, np.nan), np.full_like(filters, np.nan), np.full_like(channels_last(x), np.nan)
    dx = np.ascontiguousarray(dx)
    convolution = way(g)
    convolution.forward(slices(images), len(x), filters, slices(out), ignore)
    convolution.weight_gradient(slices(images), slices(douts), len(x), dw)
    found = {"out": channels_first(out), "dw": dw.transpose(3, 2, 0, 1)}
    if way is not Planes:
        convolution.input_gradient(slices(douts), len(x), filters, dx)
        found["dx"] = channels_first(dx)
    for before, after in zip(kept, (images, filters, douts), strict=True):
        np.testing.assert_array_equal(before, after)
    return found


def assert_same(way: Any, case: tuple[int, ...], dtype: str) -> None:
    _, C, H, W, F, size, stride, pad = case
    x, w, dout = arrays(case, dtype)
    g = Geometry(H, W, C, F, size, stride, pad, x.itemsize)
    wanted = by_definition(x, w, dout, stride, pad)
    for name, value in computed(way, x, w, dout, g).items():
        assert value.dtype == dtype
        apart, largest = np.abs(value - wanted[name]).max(), np.abs(wanted[name]).max()
        assert apart <= WITHIN[way, dtype] * largest, (name, apart / largest)


WAYS = [
    (way, case) for way in (Im2col, Planes, Winograd) for case in CASES if way is not Winograd or case[5:7] == (3, 1)
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("way", "case"), WAYS, ids=str)
def test_way_is_the_definition(way: Any, case: tuple[int, ...], dtype: str) -> None:
    set_threads(2)
    assert_same(way, case, dtype)


SIDES = st.tuples(*[st.integers(1, 3)] * 6, *[st.integers(0, 3)] * 2)


@settings(max_examples=60, deadline=None)
@given(
    groups=st.integers(1, 4),
    own=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    sides=SIDES,
    threads=st.integers(1, 3),
)
def test_any_groups_and_windows(groups: int, own: tuple[int, int], sides: tuple[int, ...], threads: int) -> None:
    """All options at once, by every way that knows them."""
    size, stride, dilation, pad = (sides[at : at + 2] for at in (0, 2, 4, 6))
    C, F, H, W = groups * own[0], groups * own[1], 7, 8
    set_threads(threads)
    ways: list[Any] = [Im2col, *([Planes] if groups == 1 else []), *([Depthwise] if own[0] == 1 else [])]
    ways += [partial(Merged, Im2col, size=size) for size in range(1, groups + 1) if groups % size == 0]
    for way in ways:
        g = Geometry(H, W, C, F, size, stride, pad, 8, dilation, groups)
        random = np.random.default_rng(0)
        x, w = random.standard_normal((3, C, H, W)), random.standard_normal((F, own[0], *size))
        out, cache = conv2d_forward(x, w, None, {"stride": stride, "pad": pad, "dilation": dilation})
        dout = random.standard_normal(out.shape)
        dx, dw, _ = conv2d_backward(dout, cache)
        for name, value in computed(way, x, w, dout, g).items():
            np.testing.assert_allclose(value, {"out": out, "dw": dw, "dx": dx}[name], rtol=0, atol=1e-11, err_msg=name)


@pytest.mark.parametrize(
    ("geometry", "together"),
    [
        (Geometry(8, 8, 64, 64, 3, 1, 1), 1),
        (Geometry(8, 8, 64, 64, 3, 1, 1, groups=4), 1),
        (Geometry(8, 8, 64, 64, 3, 1, 1, groups=16), 4),
        (Geometry(8, 8, 64, 32, 3, 1, 1, groups=16), 8),
        (Geometry(8, 8, 6, 6, 3, 1, 1, groups=3), 3),
    ],
)
def test_small_groups_are_taken_together(geometry: Geometry, together: int) -> None:
    assert groups_together(geometry) == together


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("way", [Winograd, partial(Merged, Winograd, size=2)], ids=["apart", "together"])
def test_winograd_by_groups(way: Any, dtype: str) -> None:
    x, w, dout = arrays((2, 6, 9, 7, 10, 3, 1, 1), dtype)
    w = np.ascontiguousarray(w[:, :3])
    exact = [a.astype(np.float64) for a in (x, w, dout)]
    out, cache = conv2d_forward(exact[0], exact[1], None, {"stride": 1, "pad": 1})
    dx, dw, _ = conv2d_backward(exact[2], cache)
    g = Geometry(9, 7, 6, 10, 3, 1, 1, x.itemsize, groups=2)
    for name, value in computed(way, x, w, dout, g).items():
        wanted = {"out": out, "dw": dw, "dx": dx}[name]
        assert np.abs(value - wanted).max() <= WITHIN[Winograd, dtype] * np.abs(wanted).max(), name


@settings(max_examples=25, deadline=None)
@given(
    way=st.sampled_from([Im2col, Planes, Winograd]),
    sizes=st.tuples(*(st.integers(1, top) for top in (3, 5, 9, 9, 4))),
    window=st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 3)),
    threads=st.integers(1, 3),
)
def test_any_shape(way: Any, sizes: tuple[int, ...], window: tuple[int, int, int], threads: int) -> None:
    size, stride, pad = (3, 1, min(window[2], 2)) if way is Winograd else window
    if min(sizes[2:4]) + 2 * pad < size:
        return
    set_threads(threads)
    assert_same(way, (*sizes, size, stride, pad), "float64")


@pytest.mark.parametrize("way", [Im2col, Winograd])
def test_more_than_one_block_a_thread_and_a_short_last_one(way: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nndl.engines.vectorized.im2col.CACHE", 20_000)
    monkeypatch.setattr("nndl.engines.vectorized.winograd.CACHE", 15_000)
    case = (11, 4, 6, 6, 3, 3, 1, 1)
    assert 1 <= way(Geometry(6, 6, 4, 3, 3, 1, 1, 8)).block < 5
    set_threads(2)
    assert_same(way, case, "float64")


def test_many_tiles_are_multiplied_in_pieces() -> None:
    """32 x 32 pixels with 64 channels are cut: pieces and remainder come out as one product would."""
    x, w, _ = arrays((1, 64, 33, 33, 64, 3, 1, 1), "float64")
    g = Geometry(33, 33, 64, 64, 3, 1, 1, 8)
    out = np.empty((1, 33, 33, 64))
    images, filters = np.ascontiguousarray(channels_last(x)), np.ascontiguousarray(kernel_order(w))
    Winograd(g).forward(slices(images), 1, filters, slices(out), ignore)
    plain = np.empty_like(out)
    Im2col(g).forward(slices(images), 1, filters, slices(plain), ignore)
    np.testing.assert_allclose(out, plain, rtol=0, atol=1e-11)


@pytest.mark.parametrize(
    ("side", "size", "stated"), [(2, 2, 7e-7), (3, 3, 5e-6), (8, 4, 1e-5), (5, 5, 1.5e-5), (6, 6, 2e-5)]
)
def test_winograd_error_in_float32_is_as_stated(side: int, size: int, stated: float) -> None:
    """Its docstring says up to 2e-5 of the largest, plain sums 1e-6, on 256 channels; docs/kernels.md each size."""
    x, w, _ = arrays((4, 256, side, side, 64, 3, 1, 1), "float32")
    images, filters = np.ascontiguousarray(channels_last(x)), np.ascontiguousarray(kernel_order(w))
    exact = np.empty((4, side, side, 64))
    Im2col(Geometry(side, side, 256, 64, 3, 1, 1, 8)).forward(
        slices(images.astype(np.float64)), 4, filters.astype(np.float64), slices(exact), ignore
    )
    assert best_size(side, side) == size
    for way, most in ((Winograd, stated), (Im2col, 1e-6)):
        out = np.empty((4, side, side, 64), np.float32)
        way(Geometry(side, side, 256, 64, 3, 1, 1, 4)).forward(slices(images), 4, filters, slices(out), ignore)
        error = np.abs(out - exact).max() / np.abs(exact).max()
        assert most / 5 < error < 1.5 * most, way


@pytest.mark.parametrize("way", [Im2col, Planes, Winograd])
@pytest.mark.parametrize("side", [4, 7, 9])
def test_outputs_that_are_left_out(way: Any, side: int) -> None:
    """The gradients are those of a dout that is zero there."""
    x, w, dout = arrays((3, 4, side, side + 1, 5, 3, 1, 1), "float64")
    wanted = by_definition(
        x, w, dout * (np.arange(side)[:, np.newaxis] < side - 1) * (np.arange(side + 1) < side), 1, 1
    )
    g = Geometry(side, side + 1, 4, 5, 3, 1, 1, 8, outputs=(side - 1, side))
    found = computed(way, x, w, dout[:, :, :-1, :-1], g)
    for name, value in found.items():
        np.testing.assert_allclose(
            value, wanted[name][:, :, : value.shape[2], : value.shape[3]], atol=1e-11, err_msg=name
        )


@pytest.mark.parametrize(("height", "width"), [(h, w) for h in range(1, 40) for w in (h, 7, 30)])
def test_no_size_of_tiles_takes_fewer_products(height: int, width: int) -> None:
    """It was the quickest size, too, of 13 sides from 2 to 32 with 24 to 256 channels."""
    fewest = min((m + 2) ** 2 * -(-height // m) * -(-width // m) for m in (2, 3, 4, 5, 6))
    size = best_size(height, width)
    assert products_of(height, width, size) == fewest
    assert all(products_of(height, width, less) > fewest for less in range(2, size))


@pytest.mark.parametrize(
    ("geometry", "pays"),
    [
        (Geometry(32, 32, 64, 64, 3, 1, 1), True),
        (Geometry(15, 15, 64, 256, 3, 1, 1), True),
        (Geometry(32, 32, 3, 64, 3, 1, 1), False),
        (Geometry(32, 32, 64, 64, 3, 2, 1), False),
        (Geometry(32, 32, 64, 64, 5, 1, 2), False),
        (Geometry(2, 2, 64, 64, 3, 1, 1), True),
        (Geometry(1, 4, 64, 64, 3, 1, 1), False),
        (Geometry(32, 32, 64, 64, 3, 1, 1, groups=8), True),
        (Geometry(32, 32, 64, 64, 3, 1, 1, groups=16), False),
        (Geometry(32, 32, 64, 64, 3, 1, 2, dilation=2), False),
        (Geometry(32, 32, 64, 64, (3, 1), 1, (1, 0)), False),
    ],
)
def test_winograd_is_chosen_where_it_pays(geometry: Geometry, pays: bool) -> None:
    assert pays_winograd(geometry) is pays
