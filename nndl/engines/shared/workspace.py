"""Memory that is made once: fresh arrays of megabytes cost more in page faults than the arithmetic on them."""

import threading
from collections.abc import Hashable
from math import prod
from typing import Any

import numpy as np

from nndl.net.types import Array

_ALIGNMENT = 64
"""Bytes in a cache line."""


class Workspace:
    """Arrays by name; asking for a larger one than before makes it anew, a smaller one is the front of the old."""

    def __init__(self) -> None:
        self._memory: dict[Hashable, Array] = {}

    def array(self, name: Hashable, shape: tuple[int, ...], dtype: Any) -> Array:
        """Return an array of this shape with whatever numbers its memory holds."""
        dtype = np.dtype(dtype)
        size = prod(shape) * dtype.itemsize
        memory = self._memory.get(name)
        if memory is None or memory.size < size:
            memory = self._memory[name] = _aligned(size)
        return memory[:size].view(dtype).reshape(shape)


def _aligned(size: int) -> Array:
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + size]


class _Local(threading.local):
    """A workspace for each thread."""

    def __init__(self) -> None:
        self.workspace = Workspace()
        self.zeros: dict[np.dtype[Any], Array] = {}


_local = _Local()


def scratch(name: Hashable, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return room for one step of a computation on this thread; who asks for the same name next gets the same memory.

    Shared by all layers, so that it stays in the cache. In a slice of `parallel_for` it holds nothing beyond the slice:
    the thread may go on with a slice of another network's.
    """
    return _local.workspace.array(name, shape, dtype)


def scratch_of_thread() -> Workspace:
    """Return this thread's scratch memory: callers of `parallel_for` lend it to slices for what they read then."""
    return _local.workspace


def zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return zeros that nobody may write to, the same memory for all who ask on this thread."""
    dtype, size = np.dtype(dtype), prod(shape)
    memory = _local.zeros.get(dtype)
    if memory is None or memory.size < size:
        memory = _local.zeros[dtype] = np.zeros(size, dtype)
        memory.flags.writeable = False
    return memory[:size].reshape(shape)
