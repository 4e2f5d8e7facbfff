"""Random numbers that are a function of what they are for: no state, so no order of drawing and nothing to save.

Each image has its own SplitMix64 sequence (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
2014), whose start is hashed from (key, index). All arithmetic is modulo 2**64, hence the same on every platform.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15  # 2**64 / golden ratio, odd
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def bits(key: tuple[int, ...], index: NDArray[Any], draws: int) -> NDArray[Any]:
    """Draw uint64 (draws, N) for N indices int64 (N,): row j of an index depends on (key, index, j) only."""
    start = 0
    for part in key:
        start = _mix_int((start + _GAMMA + part) & _MASK)
    seeds = _mix(index.astype(np.uint64) * np.uint64(_GAMMA) + np.uint64(start))
    steps = np.array([(draw + 1) * _GAMMA & _MASK for draw in range(draws)], np.uint64)
    return _mix(seeds + steps[:, None])


def integers(key: tuple[int, ...], index: NDArray[Any], bounds: tuple[int, ...]) -> NDArray[Any]:
    """Draw int64 (len(bounds), N): row j is uniform over 0 <= value < bounds[j], each bound below 2**32."""
    high = bits(key, index, len(bounds)) >> np.uint64(32)
    return (high * np.array(bounds, np.uint64)[:, None] >> np.uint64(32)).astype(np.int64)


def uniform(key: tuple[int, ...], index: NDArray[Any], draws: int) -> NDArray[Any]:
    """Draw float32 (draws, N), uniform over 0 <= value < 1 in steps of 2**-24."""
    return (bits(key, index, draws) >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)


def _mix(values: NDArray[Any]) -> NDArray[Any]:
    for shift, factor in _MIX:
        values = (values ^ values >> np.uint64(shift)) * np.uint64(factor)
    mixed: NDArray[Any] = values ^ values >> np.uint64(31)
    return mixed


def _mix_int(value: int) -> int:
    for shift, factor in _MIX:
        value = (value ^ value >> shift) * factor & _MASK
    return value ^ value >> 31
