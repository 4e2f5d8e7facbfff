"""Named arrays that live side by side on one vector, so that an optimiser's pass over all of them is one pass."""

from collections.abc import Iterable, Iterator, Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np

from nndl.net.types import Array

ALIGNMENT = 64
"""Bytes: a cache line, and the width of the widest vector register."""


class Slot(NamedTuple):
    """The place of a named array."""

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    """Its axes from slowest to fastest in memory; (2, 3, 1, 0) keeps (F, C, HH, WW) as HH, WW, C, F."""


class Params(Mapping[str, Array]):
    """Views, by name, on one aligned vector.

    A view has the shape people expect, (F, C, HH, WW), whatever the order in memory. Assigning copies into the view:
    `params["conv1.w"] = w`. The few numbers between one array and the next, for alignment, stay zero.
    """

    def __init__(self, slots: Mapping[str, Slot], dtype: np.dtype[Any]) -> None:
        self._slots = dict(slots)
        per_line = ALIGNMENT // dtype.itemsize
        self.slices: dict[str, slice] = {}
        end = 0
        for name, slot in self._slots.items():
            self.slices[name] = slice(end, end + prod(slot.shape))
            end += -(-prod(slot.shape) // per_line) * per_line
        self.vector = _aligned_zeros(end, dtype)
        self._views = {name: self._view(slot, self.vector[self.slices[name]]) for name, slot in self._slots.items()}

    @staticmethod
    def _view(slot: Slot, memory: Array) -> Array:
        ordered = memory.reshape([slot.shape[axis] for axis in slot.axes])
        return ordered.transpose(np.argsort(slot.axes))

    def like(self) -> "Params":
        """Make zeros laid out as these: for gradients and optimiser state."""
        return Params(self._slots, self.vector.dtype)

    def __getitem__(self, name: str) -> Array:
        return self._views[name]

    def __setitem__(self, name: str, value: Array) -> None:
        view = self._views[name]
        if np.shape(value) != view.shape:
            raise ValueError(f"{name} has shape {view.shape}, the value given has {np.shape(value)}")
        view[...] = value

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    @property
    def size(self) -> int:
        """The count of numbers, alignment apart."""
        return sum(view.size for view in self._views.values())


def within(place: slice, places: Iterable[slice]) -> Iterator[slice]:
    """Cut `place`, which has a start and a stop, to what of it lies in `places`, which may be open at their ends."""
    for each in places:
        start, stop = max(place.start, each.start or 0), min(place.stop, place.stop if each.stop is None else each.stop)
        if start < stop:
            yield slice(start, stop)


def _aligned_zeros(size: int, dtype: np.dtype[Any]) -> Array:
    memory = np.zeros(size * dtype.itemsize + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size * dtype.itemsize].view(dtype)
