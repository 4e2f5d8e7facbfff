"""Contenders that train in turn: each engine in short bursts, so that a noisy machine is noisy for all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from nndl.bench.clock import Clock, Timed
from nndl.bench.slow_ways import slow_ways
from nndl.engines import set_threads
from nndl.net.network import Network
from nndl.net.params import Params
from nndl.net.shapes import everything

Update = Callable[[Params], None]
"""The part of a training step that uses the gradients."""


class Contender:
    """A network that takes the same training step again and again, on random images of its input shape."""

    def __init__(self, network: Network, update: Update, batch_size: int, threads: int) -> None:
        self.network, self.threads, self.batch_size = network, threads, batch_size
        self.times: list[float] = []
        self.speeds: list[float] = []
        """Images a second of each burst."""
        self.update_times: list[float] = []
        self.clock = Clock(network)
        self._update = update
        random = np.random.default_rng(0)
        self._X = random.standard_normal((batch_size, *network.input_shape)).astype(network.dtype)
        self._y = random.integers(0, network.placed[-1].out_shape[0], batch_size)
        # The other engines' own threads and those of BLAS hinder each other; the reference has no others.
        self._blas_threads = threads if network.engine.name == "reference" else 1

    def step(self) -> float:
        """Take one training step; return its seconds."""
        start = perf_counter()
        _, gradients = self.network.loss(self._X, self._y)
        passed = perf_counter()
        self._update(gradients)
        end = perf_counter()
        if self.clock.running:
            self.times.append(end - start)
            self.update_times.append(end - passed)
        return end - start

    def burst(self, seconds: float) -> None:
        """Train for about `seconds`, at least a step, and note the speed; an unmeasured step comes first."""
        set_threads(self.threads)
        with threadpool_limits(limits=self._blas_threads, user_api="blas"):
            if not self.times or self.times[-1] < seconds:
                self.step()  # its buffers are made, and in the cache again
            self.clock.running, start, steps = True, perf_counter(), 0
            while steps == 0 or perf_counter() - start < seconds:
                self.step()
                steps += 1
            self.clock.running = False
        self.speeds.append(steps * self.batch_size / (perf_counter() - start))


def compete(contenders: Sequence[Contender], bursts: int, seconds: float) -> None:
    """Let the contenders take turns, `bursts` each; one whose step is longer than all its bursts has a single one."""
    for turn in range(bursts):
        for contender in contenders:
            if turn == 0 or contender.times[0] < bursts * seconds:
                contender.burst(seconds)


@dataclass(frozen=True)
class Row:
    """The time and arithmetic of a step of the plan."""

    layers: tuple[str, ...]
    step: str
    depth: int
    forward: float
    """Seconds, median over the steps."""
    backward: float
    flop: float
    """Floating-point operations of both passes, 2 for a multiply-add, as a direct computation has them."""
    slow_way: str | None = None
    """Words for why the engine has no way of its own for it, if that is so."""

    @property
    def gflops(self) -> float | None:
        """1e9 operations a second; None where there is nothing to count."""
        return self.flop / (self.forward + self.backward) / 1e9 if self.flop else None


def rows(contender: Contender) -> list[Row]:
    """Return a row for each step of the plan, then the loss (with all that lies between the steps) and the update."""
    network, clock = contender.network, contender.clock
    macs = {each.path: each.layer.macs(each.in_shape) for each in everything(network.placed)}
    slow = {} if network.engine.name == "reference" else slow_ways(network.describe("train"))
    found = [_row(timed, macs, contender.batch_size, slow) for timed in clock.steps]
    update, step = median(contender.update_times), median(contender.times)
    between = max(0.0, step - update - sum(row.forward + row.backward for row in found))
    return [
        *found,
        Row(("loss, and between the steps",), "", 0, between, 0.0, 0.0),
        Row(("update of the parameters",), "", 0, 0.0, update, 0.0),
    ]


def _row(timed: Timed, macs: dict[str, int], batch_size: int, slow: dict[tuple[str, ...], str]) -> Row:
    planned = timed.planned
    # Forward, gradient of the weights, gradient of the input: each as many multiply-adds as the layer has.
    products = 2 + timed.gives_dx
    flop = 2.0 * batch_size * products * sum(macs.get(path, 0) for path in planned.paths)
    own: dict[str, Any] = {which: timed.own(which) for which in ("forward", "backward")}
    return Row(
        planned.paths, type(planned.step).__name__, timed.depth, **own, flop=flop, slow_way=slow.get(planned.paths)
    )
