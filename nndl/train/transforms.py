"""Transforms of a step's numbers beside the update rule: clipping before it, averaging after it."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Lt

from nndl.described import Described, table
from nndl.net.params import Params
from nndl.net.types import Array

CHUNK = 1 << 16
"""Numbers handled at a time, so that the temporaries of a pass stay in the cache."""


def clip_norm(gradient: Array, limit: float) -> float:
    """Scale gradient (D,) in place so that its Euclidean norm is at most `limit`; returns the norm it had."""
    norm = math.sqrt(float(np.dot(gradient, gradient)))
    if math.isinf(norm):  # the squares may be beyond float32 where the gradient is not
        norm = float(np.linalg.norm(gradient.astype(np.float64)))
    if norm > limit:
        gradient *= limit / norm
    return norm


@dataclass(frozen=True, kw_only=True)
class Average(Described):
    """A running average of the weights, and whether the network goes on from it."""

    sets_back: ClassVar[bool] = False
    """True for an average that the network goes on from."""

    def share(self, step: int, steps: int) -> float | None:
        """Return what the weights after step 1, 2, ... of `steps` count in the average; None leaves it as it is."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Ema(Average):
    """Exponential moving average of parameters and running statistics (Polyak and Juditsky 1992)."""

    kind = "ema"
    shorthand = "decay"

    decay: Annotated[float, Gt(0), Lt(1)] = 0.999
    """The share kept at each step: 0.999 averages over about the last 1,000 steps. Early on less is kept."""

    def share(self, step: int, steps: int) -> float | None:
        """Return what the weights after step 1, 2, ... count in the average.

        Early on a smaller decay, (1 + step) / (10 + step), forgets the random start, as TensorFlow's moving average
        does.
        """
        del steps
        return 1 - min(self.decay, (1 + step) / (10 + step))


@dataclass(frozen=True, kw_only=True)
class Lookahead(Average):
    """Slow weights follow the fast ones every few steps, which then go on from there (Zhang et al. 2019).

    The slow ones keep the share decay^every * (step / steps)^3 of themselves, next to nothing at first and nearly all
    in the end, running statistics included (Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024).
    """

    kind = "lookahead"
    shorthand = "every"
    sets_back = True

    every: Annotated[int, Ge(1)] = 5
    """Steps from one time to the next."""
    decay: Annotated[float, Ge(0), Lt(1)] = 0.95
    """The share of the slow weights that is kept, for each step, in the end."""

    def share(self, step: int, steps: int) -> float | None:
        """Return what the fast weights after step 1, 2, ... of `steps` count in the slow ones; None in between."""
        return None if step % self.every else 1 - float(self.decay**self.every) * (step / steps) ** 3


AVERAGES: dict[str, type[Average]] = table(Ema, Lookahead)
"""The ways of averaging by their names in YAML."""


class Averaged:
    """The running average of a network's parameters and buffers, begun at their first values."""

    def __init__(self, average: Average, params: Params, buffers: Params) -> None:
        self.average = average
        self._current = (params, buffers)
        self.params, self.buffers = params.like(), buffers.like()
        self._temporary = np.empty(CHUNK, params.vector.dtype)
        self.begin()

    def begin(self) -> None:
        """Make the averages the network's values as they are now."""
        for current, average in zip(self._current, (self.params, self.buffers), strict=True):
            average.vector[:] = current.vector

    def update(self, step: int, steps: int) -> None:
        """Do average += share * (current - average) after step 1, 2, ... of `steps`; Lookahead: current = average."""
        share = self.average.share(step, steps)
        if share is None:
            return
        for current, average in zip(self._current, (self.params, self.buffers), strict=True):
            for start in range(0, current.vector.size, CHUNK):
                mean = average.vector[start : start + CHUNK]
                way = np.subtract(
                    current.vector[start : start + CHUNK], mean, out=self._temporary[: mean.size], dtype=mean.dtype
                )
                way *= share
                mean += way
            if self.average.sets_back:
                current.vector[:] = average.vector

    def begin_buffers(self) -> None:
        """Begin the average of the running statistics anew, at those there are."""
        self.buffers.vector[:] = self._current[1].vector

    def swap(self) -> None:
        """Exchange the network's values and the averages; a second call undoes the first."""
        for current, average in zip(self._current, (self.params, self.buffers), strict=True):
            kept = current.vector.copy()
            current.vector[:] = average.vector
            average.vector[:] = kept
