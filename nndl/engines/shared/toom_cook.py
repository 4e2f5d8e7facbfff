"""Winograd's tiles as a table of points, from which every engine's transforms are made.

F(m, 3), m outputs of a filter of 3 numbers along an axis, is y = A' [(G w) * (B' d)] with m + 2 products: one for each
of m + 1 points at which polynomials are evaluated, and one for infinity (Toom and Cook; Lavin and Gray 2015). Of a
point p, where Q is the product of x - q over the other points q,

    row of G    g (1, p, p^2)
    row of B'   the coefficients of Q over g Q(p)
    row of A    (1, p, ..., p^(m - 1))

and of infinity (0, 0, 1), the coefficients of the product over all points, and (0, ..., 0, 1). Every size takes the
first points of one list, with one g each: so G is the same for all, and a tile that is one output shorter takes no part
in one point's products.
"""

from collections.abc import Iterable
from fractions import Fraction
from math import prod

import numpy as np

from nndl.net.types import Array

POINTS = [Fraction(p) for p in ("0", "1", "-1", "2", "-2", "1/2", "-1/2")]
"""0, then pairs. Rational ones near 1 err least; 2 and 1/2 need few roundings, as their powers are exact."""

SCALES = [Fraction(g) for g in ("1/4", "-1/6", "-1/6", "1/24", "1/24", "32/45", "32/45")]
"""The g of each point; only those of F(4, 3) make its numbers in B whole."""

SIZES = (2, 3, 4, 5, 6)
"""Outputs of a tile along an axis."""


def polynomial(roots: Iterable[Fraction]) -> list[Fraction]:
    """Return the coefficients of the product of x - root, of the lowest power first."""
    found = [Fraction(1)]
    for root in roots:
        found = [low - root * high for low, high in zip([Fraction(0), *found], [*found, Fraction(0)], strict=True)]
    return found


def scale(index: int, size: int) -> Fraction:
    """Return 1 / (g Q(p)) of a point in tiles of `size`."""
    p = POINTS[index]
    return 1 / (SCALES[index] * prod(p - q for q in POINTS[: size + 1] if q != p))


def transforms(size: int) -> tuple[Array, Array, Array]:
    """Return B' (size + 2, size + 2), G (size + 2, 3) and A' (size, size + 2) of tiles of `size`, in float64."""
    points = POINTS[: size + 1]
    b = [[factor * scale(i, size) for factor in polynomial(q for q in points if q != p)] for i, p in enumerate(points)]
    g = [[scaled * p**k for k in range(3)] for p, scaled in zip(points, SCALES, strict=False)]
    a = [[p**k for k in range(size)] for p in points]
    b = [[*row, Fraction(0)] for row in b] + [polynomial(points)]
    g.append([Fraction(k == 2) for k in range(3)])
    a.append([Fraction(k == size - 1) for k in range(size)])
    B_T, G, A = (np.array([[float(value) for value in row] for row in rows]) for rows in (b, g, a))
    return B_T, G, A.T
