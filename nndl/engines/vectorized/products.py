"""Matrix products in sizes that BLAS is quick at.

OpenBLAS multiplies (M, K) by (K, N) without packing where M N K is at most a million: on AVX-512 that runs at 90-110
GFLOP/s a core, where the same product in larger pieces runs at 45-65 when one side is short.
"""

from functools import cache

import numpy as np

from nndl.net.types import Array

SMALL = 1_000_000
_SHORTEST = 24
"""Pieces with fewer rows than this lose more than they gain."""


@cache
def piece(other: int, total: int) -> int:
    """Return into how many rows each to cut `total`, where each costs `other` multiplications; `total`: do not cut.

    Equal pieces are one call of NumPy, where a rest would be another.
    """
    most = SMALL // other
    if total <= most or most < _SHORTEST:
        return total
    most -= most % 8
    equal = (size for size in range(most, max(most // 2, _SHORTEST) - 1, -8) if total % size == 0)
    return next(equal, most)


def matmul_rows(a: Array, b: Array, out: Array) -> None:
    """Compute out = a @ b for stacks a (S, M, K), b (S or 1, K, N), cut along M."""
    step = piece(b.shape[1] * b.shape[2], a.shape[1])
    whole = a.shape[1] // step * step
    stack = len(a)
    cut = a[:, :whole].reshape(stack, -1, step, a.shape[2])
    np.matmul(cut, b[:, np.newaxis], out=out[:, :whole].reshape(stack, -1, step, out.shape[2]))
    if whole < a.shape[1]:
        np.matmul(a[:, whole:], b, out=out[:, whole:])


def matmul_columns(a: Array, b: Array, out: Array) -> None:
    """Compute out = a @ b for a (M, K), b (K, N), cut along N."""
    step = piece(a.size, b.shape[1])
    whole = b.shape[1] // step * step
    cut = b[:, :whole].reshape(len(b), -1, step).transpose(1, 0, 2)
    np.matmul(a, cut, out=out[:, :whole].reshape(len(out), -1, step).transpose(1, 0, 2))
    if whole < b.shape[1]:
        np.matmul(a, b[:, whole:], out=out[:, whole:])


def matmul_summed(a: Array, b: Array) -> Array:
    """Sum a @ b over the stack for a (S, M, K), b (S, K, N), cut along K."""
    stack, rows, length = a.shape
    step = piece(rows * b.shape[2], length)
    whole = length // step * step
    cut = a[:, :, :whole].reshape(stack, rows, -1, step).transpose(0, 2, 1, 3)
    total = np.matmul(cut, b[:, :whole].reshape(stack, -1, step, b.shape[2])).sum(axis=(0, 1))
    if whole < length:
        total += np.matmul(a[:, :, whole:], b[:, whole:]).sum(axis=0)
    return total
