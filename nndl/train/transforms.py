"""Transforms of a step's numbers beside the update rule: clipping before it, averaging after it."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Lt

from nndl.described import Described, table
from nndl.net.params import Params
from nndl.net.types import Array

SWA_INTERVAL = r"epoch|[1-9][0-9]{0,8} (epochs?|steps?)"

CHUNK = 1 << 17
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
    recomputes: ClassVar[bool] = False
    """True where running statistics are not averaged, but computed anew for the averaged weights when those are scored:
    what counts all, a share of 1, then is a copy of weights and running statistics."""

    def share(self, step: int, steps: int, per_epoch: int) -> float | None:
        """Return what the weights after step 1, 2, ... of `steps` count in the average; None leaves it as it is.

        per_epoch: the steps in an epoch.
        """
        raise NotImplementedError

    def wants_statistics(self, step: int, steps: int, per_epoch: int) -> bool:  # noqa: ARG002
        """Tell whether running statistics are to be computed anew for the average after a step."""
        return False

    def multiplier(self, epoch: float, epochs: float, scheduled: Callable[[float], float], rate: float) -> float:  # noqa: ARG002
        """Return the multiplier of the learning rate `rate` at `epoch`, `scheduled` by its own schedule."""
        return scheduled(epoch)


@dataclass(frozen=True, kw_only=True)
class Ema(Average):
    """Exponential moving average of parameters and running statistics (Polyak and Juditsky 1992)."""

    kind = "ema"
    shorthand = "decay"

    decay: Annotated[float, Gt(0), Lt(1)] = 0.999
    """The share kept at each step: 0.999 averages over about the last 1,000 steps. Early on less is kept."""

    def share(self, step: int, steps: int, per_epoch: int) -> float | None:
        """Return what the weights after step 1, 2, ... count in the average.

        Early on a smaller decay, (1 + step) / (10 + step), forgets the random start, as TensorFlow's moving average
        does.
        """
        del steps, per_epoch
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

    def share(self, step: int, steps: int, per_epoch: int) -> float | None:
        """Return what the fast weights after step 1, 2, ... of `steps` count in the slow ones; None in between."""
        del per_epoch
        return None if step % self.every else 1 - float(self.decay**self.every) * (step / steps) ** 3


@dataclass(frozen=True, kw_only=True)
class Swa(Average):
    """Stochastic weight averaging: the mean of the weights along the last part of training (Izmailov et al. 2018).

    Until then the average is the weights themselves. Running statistics are those of the averaged weights: each epoch's
    scoring, the last one's too, first passes the training images through them, as PyTorch's update_bn does.
    """

    kind = "swa"
    shorthand = "start"
    recomputes = True

    start: Annotated[float, Ge(0), Lt(1)] = 0.75
    """The share of training after which averaging begins."""
    every: str = "epoch"
    """The interval at which weights enter the mean: `epoch`, or a number of epochs or steps, as `2 epochs` (at their
    ends) and `100 steps` (counted from the start)."""
    learning_rate: Annotated[float, Gt(0)] | None = None
    """The learning rate from the start on, instead of the schedule's; null: that goes on."""
    anneal_epochs: Annotated[float, Ge(0)] = 0.0
    """Epochs over which the learning rate passes to it from what it was at the start; 0: at once."""
    anneal: Literal["cosine", "linear"] = "cosine"
    """The way it passes: along half a cosine wave, or in a straight line."""

    def __post_init__(self) -> None:
        is_interval = re.fullmatch(SWA_INTERVAL, self.every)
        every = "" if is_interval else f"every should be epoch, or as 2 epochs or 100 steps, not {self.every!r}"
        to_pass = self.anneal_epochs and self.learning_rate is None
        wrong = [every, "anneal_epochs needs a learning_rate to pass to" if to_pass else ""]
        if any(wrong):
            raise ValueError("; ".join(filter(None, wrong)))

    def first(self, steps: int) -> int:
        """Return how many steps are taken before averaging begins."""
        return math.floor(round(self.start * steps, 6))

    def taken(self, step: int, steps: int, per_epoch: int) -> int:
        """Count the weights that are in the mean after step 1, 2, ... of `steps`."""
        count, _, unit = self.every.rpartition(" ")
        first, period = self.first(steps), int(count or 1)
        if step <= first:
            return 0
        if unit.startswith("step"):
            return (step - first) // period
        return step // (period * per_epoch) - first // (period * per_epoch)

    def wants_statistics(self, step: int, steps: int, per_epoch: int) -> bool:
        """Tell whether there is a mean by now."""
        return self.taken(step, steps, per_epoch) > 0

    def share(self, step: int, steps: int, per_epoch: int) -> float | None:
        """Return what the weights after step 1, 2, ... of `steps` count in the mean: all until it begins."""
        taken = self.taken(step, steps, per_epoch)
        if taken == 0:
            return 1.0
        return None if taken == self.taken(step - 1, steps, per_epoch) else 1 / taken

    def multiplier(self, epoch: float, epochs: float, scheduled: Callable[[float], float], rate: float) -> float:
        """Return the schedule's multiplier up to the start, then what passes to `learning_rate`, if there is one."""
        start = self.start * epochs
        if self.learning_rate is None or epoch < start - 1e-9:
            return scheduled(epoch)
        done = min(1.0, (epoch - start) / self.anneal_epochs) if self.anneal_epochs else 1.0
        way = (1 - math.cos(math.pi * done)) / 2 if self.anneal == "cosine" else done
        return (1 - way) * scheduled(start) + way * self.learning_rate / rate


AVERAGES: dict[str, type[Average]] = table(Ema, Lookahead, Swa)
"""The ways of averaging by their names in YAML."""


class Averaged:
    """The running average of a network's parameters and buffers, begun at their first values."""

    def __init__(self, average: Average, params: Params, buffers: Params, steps_per_epoch: int = 1) -> None:
        self.average, self._per_epoch = average, steps_per_epoch
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
        share = self.average.share(step, steps, self._per_epoch)
        if share is None:
            return
        if share == 1 and self.average.recomputes:
            self.begin()
            return
        stores = (self.params,) if self.average.recomputes else (self.params, self.buffers)
        for current, average in zip(self._current, stores, strict=False):
            for start in range(0, current.vector.size, CHUNK):
                mean = average.vector[start : start + CHUNK]
                way = np.subtract(
                    current.vector[start : start + CHUNK], mean, out=self._temporary[: mean.size], dtype=mean.dtype
                )
                way *= share
                mean += way
            if self.average.sets_back:
                current.vector[:] = average.vector

    def wants_statistics(self, step: int, steps: int) -> bool:
        """Tell whether the running statistics of the averages are to be computed anew after a step."""
        return self.average.wants_statistics(step, steps, self._per_epoch)

    def begin_buffers(self) -> None:
        """Begin the average of the running statistics anew, at those there are."""
        self.buffers.vector[:] = self._current[1].vector

    def swap(self) -> None:
        """Exchange the network's values and the averages; a second call undoes the first."""
        for current, average in zip(self._current, (self.params, self.buffers), strict=True):
            kept = current.vector.copy()
            current.vector[:] = average.vector
            average.vector[:] = kept
