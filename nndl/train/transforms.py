"""What changes a step's numbers beside the update rule: clipping before it, averaging after it."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Gt, Lt

from nndl.net.params import Params
from nndl.net.types import Array

CHUNK = 1 << 16
"""Numbers handled at a time, so that the temporaries of a pass stay in the cache."""


def clip_norm(gradient: Array, limit: float) -> float:
    """Scale gradient (D,) in place so that its Euclidean norm is at most `limit`; returns the norm it had."""
    norm = math.sqrt(float(np.dot(gradient, gradient)))
    if norm > limit:
        gradient *= limit / norm
    return norm


@dataclass(frozen=True, kw_only=True)
class Ema:
    """Exponential moving average of parameters and running statistics (Polyak and Juditsky 1992)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "use_attribute_docstrings": True}
    kind: ClassVar[str] = "ema"
    shorthand: ClassVar[str | None] = "decay"

    decay: Annotated[float, Gt(0), Lt(1)] = 0.999
    """The share kept at each step: 0.999 averages over about the last 1,000 steps. Early on less is kept."""


AVERAGES: dict[str, type[Ema]] = {Ema.kind: Ema}
"""The ways of averaging by their names in YAML."""


class Averaged:
    """The running average of a network's parameters and buffers, begun at their first values."""

    def __init__(self, decay: float, params: Params, buffers: Params) -> None:
        self.decay = decay
        self._current = (params, buffers)
        self.params, self.buffers = params.like(), buffers.like()
        self.params.vector[:] = params.vector
        self.buffers.vector[:] = buffers.vector
        self._temporary = np.empty(CHUNK, params.vector.dtype)

    def update(self, t: int) -> None:
        """average += (1 - decay) * (current - average), after step t = 1, 2, ...

        Early on a smaller decay, (1 + t) / (10 + t), forgets the random start, as TensorFlow's moving average does.
        """
        share = 1 - min(self.decay, (1 + t) / (10 + t))
        for current, average in zip(self._current, (self.params, self.buffers), strict=True):
            for start in range(0, current.vector.size, CHUNK):
                mean = average.vector[start : start + CHUNK]
                step = np.subtract(
                    current.vector[start : start + CHUNK], mean, out=self._temporary[: mean.size], dtype=mean.dtype
                )
                step *= share
                mean += step

    def swap(self) -> None:
        """Exchange the network's values and the averages; a second call undoes the first."""
        for current, average in zip(self._current, (self.params, self.buffers), strict=True):
            kept = current.vector.copy()
            current.vector[:] = average.vector
            average.vector[:] = kept
