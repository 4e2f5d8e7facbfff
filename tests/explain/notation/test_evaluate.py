"""Formulas mean what they say: sums over indices, maxima, brackets, zeros beyond the edges."""

import numpy as np
import pytest

from nndl.explain.notation.evaluate import evaluate
from nndl.explain.notation.formula import Formula

X = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
SIZES = {"n": 2, "d": 3, "e": 3}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("y[n,d] = x[n,d]", X),
        ("y[d,n] = x[n,d]", X.T),
        ("y[d] = sum[n](x[n,d])", X.sum(axis=0)),
        ("y[n] = sum[d](2)", [6, 6]),
        ("y = sum[n,d](x[n,d])", 5),
        ("y[n] = max[d](x[n,d])", [3, 5]),
        ("y[n] = argmax[d](x[n,d])", [2, 1]),
        ("y = argmax[n,d](x[n,d])", 4),
        ("y[n,d] = max(0, x[n,d])", np.maximum(X, 0)),
        ("y[n,d] = [x[n,d] > 0]", X > 0),
        ("y[n,d] = x[n,d] if x[n,d] > 0 else 10 * x[n,d]", np.where(X > 0, X, 10 * X)),
        ("y[n,d] = x[n,d-1]", [[0, 1, -2], [0, 4, 5]]),
        ("y[n,d] = x[n,d+1]", [[-2, 3, 0], [5, -6, 0]]),
        ("y[n,d] = x[n,d] - 1/3 * sum[e](x[n,e])", X - X.mean(axis=1, keepdims=True)),
        ("y[n] = x[n,k[n]]", [3, 4]),
        ("y[d] = d // 2 + d % 2", [0, 1, 1]),
        ("y = x * x", X * X),
        ("y = -x ** 2", -(X**2)),
    ],
)
def test_values(text: str, wanted: object) -> None:
    found = evaluate(Formula(text), {"x": X, "k": np.array([2, 0])}, SIZES)
    assert np.array_equal(found, np.asarray(wanted, np.float64))


def test_an_index_may_be_fixed() -> None:
    found = evaluate(Formula("y[n,d] = x[n,d] * sum[e](x[n,e])"), {"x": X}, SIZES, {"n": 1, "d": 0})
    assert found == 12.0


def test_what_is_no_formula_is_refused() -> None:
    with pytest.raises(TypeError, match="no formula holds"):
        evaluate(Formula("y = {x}"), {"x": X}, SIZES)
