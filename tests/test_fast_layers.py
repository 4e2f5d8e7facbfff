"""The fast layers are the naive ones, of any shape, ties included; so are convolutions written with im2col."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nndl import fast_layers
from nndl.conv_layers import (
    conv_backward_naive,
    conv_forward_naive,
    max_pool_backward_naive,
    max_pool_forward_naive,
)
from nndl.fast_layers import conv_backward_fast, conv_forward_fast, max_pool_backward_fast, max_pool_forward_fast
from nndl.im2col import col2im_indices, im2col_indices

Array = NDArray[Any]
sizes = st.integers(1, 6)


def draw(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


def agree(fast: Array | None, naive: Array | None) -> None:
    assert (fast is None) == (naive is None)
    if fast is not None and naive is not None:
        assert (fast.shape, fast.dtype) == (naive.shape, naive.dtype)
        np.testing.assert_allclose(fast, naive, rtol=1e-10, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 3),
    channels=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    size=st.tuples(sizes, sizes),
    field=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 3),
    pad=st.integers(1, 2),
    bias=st.booleans(),
)
def test_conv_fast_is_conv_naive(
    n: int, channels: tuple[int, int], size: tuple[int, int], field: tuple[int, int], stride: int, pad: int, bias: bool
) -> None:
    (c, f), conv_param = channels, {"stride": stride, "pad": pad}
    x, w, b = draw(n, c, *size), draw(f, c, *field, seed=1), draw(f, seed=2) if bias else None
    naive, naive_cache = conv_forward_naive(x, w, b, conv_param)
    fast, fast_cache = conv_forward_fast(x, w, b, conv_param)
    agree(fast, naive)
    dout = draw(*naive.shape, seed=3)
    for one, other in zip(conv_backward_fast(dout, fast_cache), conv_backward_naive(dout, naive_cache), strict=True):
        agree(one, other)


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(sizes, sizes),
    window=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 3),
    seed=st.integers(0, 9),
)
def test_max_pool_fast_is_max_pool_naive_ties_included(
    size: tuple[int, int], window: tuple[int, int], stride: int, seed: int
) -> None:
    x = np.random.default_rng(seed).integers(0, 3, (2, 2, *size)).astype(float)
    pool_param = {
        "pool_height": min(window[0], size[0]),
        "pool_width": min(window[1], size[1]),
        "stride": stride,
    }
    naive, naive_cache = max_pool_forward_naive(x, pool_param)
    fast, fast_cache = max_pool_forward_fast(x, pool_param)
    agree(fast, naive)
    dout = draw(*naive.shape, seed=seed)
    agree(max_pool_backward_fast(dout, fast_cache), max_pool_backward_naive(dout, naive_cache))


def test_many_images_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w, b, conv_param = draw(7, 2, 5, 5), draw(3, 2, 3, 3, seed=1), draw(3, seed=2), {"stride": 1, "pad": 1}
    whole, cache = conv_forward_fast(x, w, b, conv_param)
    gradients = conv_backward_fast(whole, cache)
    monkeypatch.setattr(fast_layers, "WINDOW_BYTES", 3 * 2 * 25 * 9 * 8)  # three images at a time: 3 + 3 + 1
    agree(conv_forward_fast(x, w, b, conv_param)[0], whole)
    for one, other in zip(conv_backward_fast(whole, cache), gradients, strict=True):
        agree(one, other)


def test_float32_stays_float32_and_inputs_stay() -> None:
    x, w, b = (array.astype(np.float32) for array in (draw(2, 3, 6, 6), draw(4, 3, 3, 3), draw(4)))
    kept = [array.copy() for array in (x, w, b)]
    out, conv_cache = conv_forward_fast(x, w, b, {"stride": 1, "pad": 1})
    pooled, pool_cache = max_pool_forward_fast(out, {"pool_height": 2, "pool_width": 2, "stride": 2})
    dout = max_pool_backward_fast(np.ones_like(pooled), pool_cache)
    gradients = conv_backward_fast(dout, conv_cache)
    assert {array.dtype for array in (out, pooled, dout, *gradients) if array is not None} == {np.dtype(np.float32)}
    assert all(np.array_equal(one, other) for one, other in zip(kept, (x, w, b), strict=True))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="filter of 6 x 2 does not fit into 5 x 9"):
        conv_forward_fast(draw(1, 1, 3, 7), draw(1, 1, 6, 2), None, {"stride": 1, "pad": 1})
    with pytest.raises(ValueError, match="window of 2 x 6 does not fit into 9 x 5"):
        max_pool_forward_fast(draw(1, 1, 9, 5), {"pool_height": 2, "pool_width": 6, "stride": 2})


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 3),
    c=st.integers(1, 3),
    size=st.tuples(sizes, sizes),
    field=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 3),
)
def test_im2col_and_col2im(n: int, c: int, size: tuple[int, int], field: tuple[int, int], stride: int) -> None:
    x, w = draw(n, c, *size), draw(2, c, *field, seed=1)
    cols = im2col_indices(x, *field, padding=1, stride=stride)
    out, _ = conv_forward_naive(x, w, None, {"stride": stride, "pad": 1})
    by_columns = (w.reshape(2, -1) @ cols).reshape(2, *out.shape[2:], n).transpose(3, 0, 1, 2)
    agree(by_columns, out)
    dcols = draw(*cols.shape, seed=2)
    dx = col2im_indices(dcols, (n, c, *size), *field, padding=1, stride=stride)
    assert np.vdot(dx, x) == pytest.approx(np.vdot(dcols, cols), abs=1e-9)


@pytest.mark.parametrize("option", [{"pad": 1}, {"stride": (1, 2)}])
def test_options_that_only_the_definition_has_are_refused(option: dict[str, Any]) -> None:
    pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2, **option}
    with pytest.raises(ValueError, match="are max_pool_forward_naive's"):
        max_pool_forward_fast(np.zeros((1, 1, 4, 4)), pool_param)
