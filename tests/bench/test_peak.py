"""The yardstick and the memory are what they say."""

import os

import numpy as np
import pytest

from nndl.bench import peak
from nndl.bench.memory import peak_memory
from nndl.engines import set_threads


def test_the_peak_is_that_of_a_product_of_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peak, "SIZE", 256)
    single, double = (peak.matrix_peak(1, dtype, 0.05) for dtype in ("float32", "float64"))
    assert 0.05 < double < single < 1e4  # GFLOP/s


def test_no_product_passes_what_registers_can() -> None:
    bound = peak.register_peak(1, 0.1)
    if bound is not None:  # the kernels are built
        assert 0.8 * peak.matrix_peak(1, "float32", 0.2) < bound < 1e4
        set_threads()


def test_peak_memory_grows_with_what_is_written() -> None:
    before = peak_memory()
    if before is None:
        return
    room = 2 * before  # more than was ever taken: of that, tests that ran here may have given most back
    np.ones(room, np.uint8)
    assert room <= peak_memory() <= before + 1.5 * room  # type: ignore[operator]
    assert peak_memory(os.getpid()) in (peak_memory(), None)
