"""An observer of one's own: it is told of every event of a training, and cannot change it."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nndl.described import Described
from nndl.train.events import Event
from nndl.train.solver import Solver


@dataclass(frozen=True, kw_only=True)
class Observer(Described):
    """A watcher of trainings; nndl itself describes none, `nndl.register` makes it known to configs."""

    @abstractmethod
    def watch(self, solver: Solver, folder: Path) -> Callable[[Event], None]:
        """Return the function that sees each event; `folder` is the run's, to write into."""


OBSERVERS: dict[str, type[Observer]] = {}
"""The observers by their names in YAML: all of them are registered."""
