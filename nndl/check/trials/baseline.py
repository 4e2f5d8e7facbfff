"""The input-independent baseline: a network that learns no better from images than from none does not look at them."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import repeat

import numpy as np

from nndl.config.build import Built
from nndl.errors import TrainingError
from nndl.net.network import Network
from nndl.net.params import Params
from nndl.net.types import Array
from nndl.train.events import StepDone
from nndl.train.health.signs import Guessing
from nndl.train.solver import Solver

BETTER = 0.9
"""Times the loss without images that the loss with them has to come below."""
WINDOW = 16
"""Steps over which both are averaged."""


class Blind:
    """The loss of a network that is shown zeros in place of the images."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def loss(self, X: Array, y: Array) -> tuple[float, Params]:
        """Return the loss of a batch and its gradients."""
        return self._network.loss(np.zeros_like(X), y)


@dataclass
class Baseline:
    """The losses of two trainings from the same weights, step by step."""

    real: list[float] = field(default_factory=list)
    blind: list[float] = field(default_factory=list)
    ended: str = ""
    """The words of the error that ended the one with images."""

    @property
    def figures(self) -> tuple[float, float]:
        """The means over the last steps, with images and without."""
        real, blind = (float(np.mean(each[-WINDOW:])) if each else float("nan") for each in (self.real, self.blind))
        return real, blind

    @property
    def shown(self) -> bool:
        """True once the images have been of use."""
        real, blind = self.figures
        return len(self.real) >= WINDOW and real < BETTER * blind


def against_zeros(make: Callable[[], Built], over: Callable[[], bool], seen: Callable[[int, int], None]) -> Baseline:
    """Train a network on its images and the same one on zeros, step by step, until it shows that images are of use.

    Ends with the steps of what `make` makes, or where `over` says so; `seen` is told of each step.
    """
    result = Baseline()
    real, blind = make().solver, make().solver
    blind.objective = Blind(blind.network)
    network = blind.network
    guessing = Guessing.of(network.loss_function, network.placed[-1].out_shape[0]).loss
    try:
        for one, other in zip(_losses(real), _losses_or(guessing, blind), strict=False):
            result.real.append(one)
            result.blind.append(other)
            seen(len(result.real), real.steps)
            if result.shown or over():
                break
    except TrainingError as error:
        result.ended = str(error).partition("\n")[0]
    return result


def _losses(solver: Solver) -> Iterator[float]:
    return (event.loss for event in solver.events() if isinstance(event, StepDone))


def _losses_or(guessing: float, solver: Solver) -> Iterator[float]:
    """Yield the losses; those of guessing from where the numbers leave all reason.

    A batch norm of a very small eps makes them do so: zeros have no variance.
    """
    with suppress(TrainingError):
        yield from _losses(solver)
    yield from repeat(guessing)
