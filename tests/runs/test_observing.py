"""An observer that changes what it looks at is told so, and the run is the one without it, bit for bit."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from nndl.config.build import build
from nndl.runs.folder import RunFolder
from nndl.runs.observing import Observers
from nndl.train.events import EpochDone, Event, Interrupted, StepDone
from nndl.train.observer import Observer
from nndl.train.solver import Solver
from tests.small_run import experiment


@dataclass(frozen=True, kw_only=True)
class Meddler(Observer):
    """Changes numbers at an event, or as it begins."""

    kind = "meddler"

    at: type[Event] | None
    what: Literal["params", "buffers"]

    def watch(self, solver: Solver, folder: Path) -> Callable[[Event], None]:  # noqa: ARG002
        def see(event: Event | None) -> None:
            if type(event) is (self.at or type(None)):
                getattr(solver.network, self.what).vector[0] += 1

        see(None)
        return see


@pytest.mark.parametrize("what", ["params", "buffers"])
@pytest.mark.parametrize("at", [None, StepDone, EpochDone])
def test_numbers_that_an_observer_changes_are_put_back(
    tmp_path: Path, at: type[Event] | None, what: Literal["params", "buffers"]
) -> None:
    told: list[str] = []
    alone, watched = (build(experiment()).solver for _ in range(2))
    observers = Observers([Meddler(at=at, what=what)], watched, RunFolder(tmp_path), told.append)
    for event in watched.events():
        observers.see(event)
    for _ in alone.events():
        pass
    np.testing.assert_array_equal(watched.network.params.vector, alone.network.params.vector)
    np.testing.assert_array_equal(watched.network.buffers.vector, alone.network.buffers.vector)
    (words,) = told
    assert "meddler observes no more of this run (" in words
    assert "it changed weights or running statistics, which were put back" in words


def test_one_that_only_looks_is_let_be(tmp_path: Path) -> None:
    told: list[str] = []
    solver = build(experiment()).solver
    observers = Observers([Meddler(at=Interrupted, what="params")], solver, RunFolder(tmp_path), told.append)
    for event in solver.events():
        observers.see(event)
    assert told == []
