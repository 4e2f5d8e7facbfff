"""Formulas as text, as LaTeX and filled with numbers."""

import numpy as np
import pytest

from nndl.explain.notation.formula import Formula
from nndl.explain.notation.latex import as_latex
from nndl.explain.notation.numbers import followed
from nndl.explain.notation.plain import as_plain, in_ascii

NAMES = ("x", "w", "gamma", "var", "out")
CONV = "out[n,f,i,j] = b[f] + sum[c,u,v](w[f,c,u,v] * x[n,c,s*i+u-p,s*j+v-p])"


@pytest.mark.parametrize(
    ("text", "plain", "latex"),
    [
        (
            CONV,
            "out[n,f,i,j] = b[f] + Σ_cuv w[f,c,u,v] · x[n,c,s·i+u−p,s·j+v−p]",
            r"\mathrm{out}_{n,f,i,j} = b_{f} + \sum\nolimits_{c,u,v} w_{f,c,u,v} \, x_{n,c,s \, i+u-p,s \, j+v-p}",
        ),
        (
            "dgamma[c] = sum[n](dout[n])",
            "dγ[c] = Σ_n dout[n]",
            r"\frac{\partial L}{\partial \gamma_{c}} = \sum\nolimits_{n} \frac{\partial L}{\partial \mathrm{out}_{n}}",
        ),
        ("y = a - (b - c)", "y = a − (b − c)", r"y = a - \left(b - c\right)"),
        ("y = a / (b * c)", "y = a / (b · c)", r"y = \frac{a}{b \, c}"),
        ("y = (a + b) * c", "y = (a + b) · c", r"y = \left(a + b\right) \, c"),
        ("y = sum[n](x[n]) * a", "y = (Σ_n x[n]) · a", r"y = \left(\sum\nolimits_{n} x_{n}\right) \, a"),
        (
            "y[c] = 1 / sqrt(var[c] + eps)",
            "y[c] = 1 / √(σ²[c] + ε)",
            r"y_{c} = \frac{1}{\sqrt{\sigma_{c}^2 + \epsilon}}",
        ),
        ("y = (a - b) ** 2", "y = (a − b)²", r"y = \left(a - b\right)^{2}"),
        ("y = x * [x > 0]", "y = x · [x > 0]", r"y = x \, [x > 0]"),
        (
            "y = x if x > 0 else a",
            "y = x if x > 0, else a",
            r"y = \begin{cases} x & x > 0 \\ a & \text{else} \end{cases}",
        ),
        (
            "y[k] = k // a + k % b",
            "y[k] = ⌊k / a⌋ + k mod b",
            r"y_{k} = \left\lfloor \frac{k}{a} \right\rfloor + k \bmod b",
        ),
        (
            "y[k] = x[k//(a*b)%c]",
            "y[k] = x[⌊k/(a·b)⌋ mod c]",
            r"y_{k} = x_{\left\lfloor k/\left(a \, b\right) \right\rfloor \bmod c}",
        ),
        ("y = x + 1e-7", "y = x + 1e-07", r"y = x + 10^{-7}"),
    ],
)
def test_text_and_latex(text: str, plain: str, latex: str) -> None:
    assert as_plain(Formula(text), NAMES) == plain
    assert as_latex(Formula(text), NAMES) == latex


def test_a_number_by_hand() -> None:
    values = {
        "x": np.arange(4.0).reshape(1, 1, 2, 2),
        "w": -np.ones((1, 1, 2, 2)),
        "b": np.array([0.5]),
        "s": 1,
        "p": 1,
    }
    sizes = dict.fromkeys("nfc", 1) | dict.fromkeys("ij", 3) | dict.fromkeys("uv", 2)
    formula, numbers, value = followed(Formula(CONV), values, sizes, {"n": 0, "f": 0, "i": 1, "j": 0}, NAMES)
    assert formula == "out[0,0,1,0] = b[0] + Σ_cuv w[0,c,u,v] · x[0,c,u,v−1]"
    assert numbers == "0.5 + (−1) · 0 + (−1) · 0 + (−1) · 0 + (−1) · 2"
    assert value == -1.5


def test_of_a_long_sum_the_largest_terms_are_shown_and_what_the_others_come_to() -> None:
    values = {"x": np.array([0.0, 5, 1, 1, 1, -9, 1, 1, 1, 8, 1, 7, 1])}
    _, numbers, value = followed(Formula("y = 2 * sum[n](x[n])"), values, {"n": 13}, {})
    assert numbers == "2 · (5 + (−9) + 8 + 7 + (9 more: 8))"
    assert value == 38


def test_a_terminal_without_greek_gets_names() -> None:
    assert in_ascii("dγ[c] = Σ_n x̂[n] · √(σ²[c] − 1)") == "dgamma[c] = sum_n x_hat[n] * sqrt(var[c] - 1)"
