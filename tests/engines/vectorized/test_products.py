"""Products in pieces are the product."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl.engines.vectorized import products
from nndl.engines.vectorized.products import matmul_columns, matmul_rows, matmul_summed, piece


@given(other=st.integers(1, 200_000), total=st.integers(1, 5000))
def test_pieces_are_small_or_whole(other: int, total: int) -> None:
    size = piece(other, total)
    assert 1 <= size <= total
    assert size == total or (size * other <= products.SMALL and size >= 24)


@pytest.mark.parametrize(
    ("other", "total", "size"), [(147 * 32, 1024, 128), (36, 24_576, 24_576), (36, 50_000, 25_000)]
)
def test_pieces_are_equal_where_they_can_be(other: int, total: int, size: int) -> None:
    assert piece(other, total) == size


@pytest.mark.parametrize("length", [1, 23, 48, 49, 100])
def test_pieces_and_what_is_left_over(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "SMALL", 24 * 12)
    monkeypatch.setattr(products, "piece", piece.__wrapped__)  # whose answers for other sizes are kept
    random = np.random.default_rng(length)
    a, b = random.standard_normal((2, length, 4)), random.standard_normal((2, 4, 3))
    out = np.full((2, length, 3), np.nan)
    matmul_rows(a, b, out)
    np.testing.assert_allclose(out, a @ b, rtol=0, atol=1e-13)

    stacked = random.standard_normal((2, 4, length)), random.standard_normal((2, length, 3))
    np.testing.assert_allclose(matmul_summed(*stacked), (stacked[0] @ stacked[1]).sum(axis=0), rtol=0, atol=1e-12)

    wide, out = random.standard_normal((4, length)), np.full((3, length), np.nan)
    matmul_columns(b[0].T, wide, out)
    np.testing.assert_allclose(out, b[0].T @ wide, rtol=0, atol=1e-13)
