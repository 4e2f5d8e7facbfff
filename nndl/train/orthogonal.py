"""Muon's directions in fewer products: rounds of Newton and Schulz on XX', which is small, instead of on X.

A round takes X to QX with Q = aI + bA + cA² and A = XX', so that the next A is QAQ: k rounds of a matrix (M, N) need
two products with N in them instead of 2k, and some of (M, M). nndl.optim.orthogonalised is the definition.
"""

import numpy as np

from nndl.net.types import Array
from nndl.optim import NEWTON_SCHULZ

AT_ONCE = 3
"""Rounds on one A. A small singular value grows 3.4-fold in each, and A's rounding errors beside it by the square."""


def orthogonalised(u: Array, rounds: int = 3) -> Array:
    """Return a matrix (M, N) of u's singular vectors, singular values near 1: the definition's but for rounding."""
    if len(u) > u.shape[1]:
        return orthogonalised(u.T, rounds).T
    X: Array = u / (np.linalg.norm(u) + 1e-7)
    while rounds:
        at_once = min(rounds, AT_ONCE)
        X = _polynomial(X @ X.T, at_once) @ X
        rounds -= at_once
    return X


def _polynomial(A: Array, rounds: int) -> Array:
    """Return the matrix (M, M) that X is multiplied by in so many rounds; A is XX'."""
    P = Q = _round(A)
    for _ in range(rounds - 1):
        A = Q @ A @ Q
        Q = _round(A)
        P = Q @ P
    return P


def _round(A: Array) -> Array:
    """Return aI + bA + cA²."""
    a, b, c = NEWTON_SCHULZ
    Q: Array = b * A + c * (A @ A)
    np.fill_diagonal(Q, Q.diagonal() + a)
    return Q
