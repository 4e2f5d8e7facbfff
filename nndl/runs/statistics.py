"""Weights, updates and activations along the way, for those who want to see a network learn."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nndl.net.params import Params
from nndl.net.types import Array
from nndl.train.events import EpochDone, Event, StepDone
from nndl.train.intervals import Due, parse_interval
from nndl.train.solver import Solver

SAMPLE = 128
"""Training images on which activations are looked at."""
KIND = "statistics"
"""Of its records."""


class Statistics:
    """Looks at `solver`'s network whenever `every` ("epoch", "100 steps") says, and leaves it as it is.

    A record is complete a step after it was due, when the update is known. What a run that is stopped in between must
    remember goes into its state by `state` and comes back by `restore`, so that not a digit of the record is lost.
    """

    def __init__(self, solver: Solver, every: str) -> None:
        self._solver, self._due = solver, Due(parse_interval(every))
        self._waiting: dict[str, Any] | None = None
        self._before: Array | None = None
        self._gradients: dict[str, float] | None = None

    @property
    def waits(self) -> bool:
        """True while a record of the step just done is still to be completed, and written again."""
        return self._waiting is not None

    def see(self, event: Event) -> Iterator[dict[str, Any]]:
        """Yield the records that follow from an event; where training stops, the rest of one, without the update."""
        if self._waiting is not None and not isinstance(event, EpochDone):  # which is of the same step
            record = self._waiting
            if isinstance(event, StepDone):
                self._waiting = None
                yield {**record, "updates": self._updates()}
            else:
                yield {**record, "updates": {}}
        if isinstance(event, StepDone):
            self._gradients = None  # those restored are of an earlier step
        if isinstance(event, StepDone | EpochDone) and self._due.at(event):
            self._begin(event.step)

    def state(self) -> dict[str, Any]:
        """Return what is to be remembered, as JSON; take it with the solver's state."""
        return {"gradients": self._norms_of_gradients(), "waiting": self._waiting}

    def restore(self, info: Mapping[str, Any]) -> None:
        """Go on from what a solver's state says of `state`, if it does; call it when the solver has its own."""
        said = info.get("statistics")
        gradients, waiting = (said.get(key) if isinstance(said, dict) else None for key in ("gradients", "waiting"))
        self._gradients = gradients if isinstance(gradients, dict) else {}
        if isinstance(waiting, dict) and (waiting.get("kind"), waiting.get("step")) == (KIND, self._solver.step):
            self._waiting, self._before = waiting, self._solver.network.params.vector.copy()

    def _begin(self, step: int) -> None:
        params = self._solver.network.params
        self._before = params.vector.copy()
        self._waiting = {
            "kind": KIND,
            "step": step,
            "weights": _norms(params),
            "gradients": self._norms_of_gradients(),
            "activations": self._activations(),
        }

    def _norms_of_gradients(self) -> dict[str, float]:
        """Compute those of the last step, with L2 and after clipping, though it was another process's."""
        return _norms(self._solver.network.grads) if self._gradients is None else self._gradients

    def _updates(self) -> dict[str, float]:
        """Compute the last step's move of each parameter, as a share of its norm; those that were zero are left out."""
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
        """Compute mean, standard deviation and share of zeros of what each step of the plan gives in evaluation."""
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
    """Compute the Euclidean norm of each."""
    return {name: float(np.linalg.norm(value)) for name, value in params.items()}
