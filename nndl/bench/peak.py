"""The machine's peak: the yardstick for every engine, measured in the same run as they are."""

from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from nndl.engines import available, set_threads

SIZE = 1536
"""Side of the square matrices: 9 MB each in float32, large enough for BLAS to reach its best."""


def matrix_peak(threads: int, dtype: Any, seconds: float = 1.0) -> float:
    """Measure GFLOP/s of NumPy's product of two SIZE x SIZE matrices on `threads` threads: the best of some.

    The best, not the median: what the machine can do when nobody disturbs it is what a peak means.
    """
    random = np.random.default_rng(0)
    a, b = (random.standard_normal((SIZE, SIZE)).astype(dtype) for _ in range(2))
    out = np.empty_like(a)
    with threadpool_limits(limits=threads, user_api="blas"):
        best, end = _product(a, b, out), perf_counter() + seconds
        while perf_counter() < end:
            best = min(best, _product(a, b, out))
    return 2 * SIZE**3 / best / 1e9


def register_peak(threads: int, seconds: float = 0.2) -> float | None:
    """Measure GFLOP/s of float32 multiply-adds in registers: no product passes it; None without compiled kernels."""
    if "compiled" not in available():
        return None
    from nndl.engines.compiled.bindings import kernels

    set_threads(threads)
    flop, best, end = np.empty(1 + threads), 0.0, perf_counter() + seconds
    while best == 0.0 or perf_counter() < end:
        start = perf_counter()
        kernels().multiply_adds(200_000, flop)
        best = max(best, float(flop[0]) / (perf_counter() - start) / 1e9)
    return best


def _product(a: Any, b: Any, out: Any) -> float:
    start = perf_counter()
    np.matmul(a, b, out=out)
    return perf_counter() - start
