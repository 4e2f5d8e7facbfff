"""Weights, updates and activations along the way, for those who want to see a network learn."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from nndl.net.params import Params
from nndl.net.types import Array
from nndl.train.events import EpochDone, Event, StepDone
from nndl.train.intervals import Due, parse_interval
from nndl.train.solver import Solver

SAMPLE = 128
"""Training images on which activations are looked at."""


class Statistics:
    """Looks at `solver`'s network whenever `every` ("epoch", "100 steps") says, and leaves it as it is."""

    def __init__(self, solver: Solver, every: str) -> None:
        self._solver, self._due = solver, Due(parse_interval(every))
        self._waiting: dict[str, Any] | None = None
        self._before: Array | None = None

    def see(self, event: Event) -> Iterator[dict[str, Any]]:
        """The records that follow from an event: one is complete a step after it was due, when the update is known."""
        if self._waiting is not None:
            if isinstance(event, EpochDone):
                return  # of the same step
            record, self._waiting = self._waiting, None
            yield {**record, "updates": self._updates() if isinstance(event, StepDone) else {}}
        if isinstance(event, StepDone | EpochDone) and self._due.at(event):
            self._begin(event.step)

    def _begin(self, step: int) -> None:
        params = self._solver.network.params
        self._before = params.vector.copy()
        self._waiting = {
            "kind": "statistics",
            "step": step,
            "weights": _norms(params),
            "gradients": _norms(self._solver.network.grads),
            "activations": self._activations(),
        }

    def _updates(self) -> dict[str, float]:
        """How far the last step moved each parameter, as a share of its norm; those that were zero are left out."""
        params = self._solver.network.params
        assert self._before is not None
        ratios = {}
        for name, place in params.slices.items():
            before = self._before[place]
            size = float(np.linalg.norm(before))
            if size > 0:
                ratios[name] = float(np.linalg.norm(params.vector[place] - before)) / size
        return ratios

    def _activations(self) -> dict[str, dict[str, float]]:
        """Mean, standard deviation and share of zeros of what each step of the plan gives in evaluation."""
        sample = self._solver.train_sample
        X = sample.normalize(sample.images[:SAMPLE])
        return {
            path: {
                "mean": float(out.mean(dtype=np.float64)),
                "deviation": float(out.std(dtype=np.float64)),
                "zeros": float(np.count_nonzero(out == 0) / out.size),
            }
            for path, out in self._solver.network.activations(X)
        }


def _norms(params: Params) -> dict[str, float]:
    """The Euclidean norm of each; of gradients those of the last step, with L2 and after clipping."""
    return {name: float(np.linalg.norm(value)) for name, value in params.items()}
