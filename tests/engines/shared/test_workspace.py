"""Memory is made once, and each thread has its own scratch."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nndl.engines.shared.workspace import Workspace, scratch, zeros


def test_memory_is_kept_and_grows() -> None:
    workspace = Workspace()
    large = workspace.array("out", (8, 5), np.float32)
    small = workspace.array("out", (3, 5), np.float32)
    assert np.shares_memory(large, small)
    assert small.shape == (3, 5)
    assert small.flags.c_contiguous
    larger = workspace.array("out", (9, 5), np.float32)
    assert not np.shares_memory(large, larger)
    assert larger.ctypes.data % 64 == 0


def test_names_do_not_share() -> None:
    workspace = Workspace()
    assert not np.shares_memory(workspace.array("a", (4,), np.float64), workspace.array("b", (4,), np.float64))


def test_scratch_is_one_for_a_thread_and_another_for_the_next() -> None:
    mine = scratch("test", (4, 4), np.float64)
    assert np.shares_memory(mine, scratch("test", (2, 2), np.float32))
    with ThreadPoolExecutor(1) as other:
        theirs = other.submit(scratch, "test", (4, 4), np.float64).result()
    assert not np.shares_memory(mine, theirs)


def test_zeros_stay_zero() -> None:
    nothing = zeros((3, 4), np.float32)
    assert not nothing.any()
    with pytest.raises(ValueError, match="read-only"):
        nothing[...] = 1
