"""The observer that keeps a run: metrics as they come, the state when it is due, the best weights at their moment."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any

from nndl.errors import CheckpointError
from nndl.paths import word
from nndl.runs.checkpoint import Arrays, read_checkpoint, write_checkpoint
from nndl.runs.folder import RunFolder
from nndl.runs.metrics import MetricsWriter
from nndl.runs.states import BEST, States
from nndl.runs.statistics import Statistics
from nndl.train.events import EpochDone, Event, Finished, Interrupted, Noticed, as_record
from nndl.train.intervals import Due, parse_interval
from nndl.train.observer import Observer
from nndl.train.solver import Solver
from nndl.train.state import check_weights


@dataclass(frozen=True)
class Keeping:
    """The way a run is kept."""

    every: str = "epoch"
    """The interval of saving the state: "epoch", "200 steps", "10 minutes"."""
    keep: int = 2
    """The number of states."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """Goes into every state: what the run is, to compare with when it goes on."""
    statistics: Statistics | None = None
    """The observer of the network along the way."""
    loggers: tuple[str, ...] = ()
    """Other programs to record for."""
    observers: tuple[Observer, ...] = ()
    """Observers of one's own."""


class Recorder:
    """Writes to `folder` what `solver`'s events ask for.

    A state that cannot be written (a full disk) is no reason to stop: `warn` is told, once, the last state stays, and
    the next one is tried in its turn. Only at the end, when none will follow, is it an error (CheckpointError).
    """

    def __init__(
        self,
        folder: RunFolder,
        solver: Solver,
        keeping: Keeping | None = None,
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder, self.solver, self._warn = folder, solver, warn
        self._keeping = keeping or Keeping()
        self._due = Due(parse_interval(self._keeping.every))
        self._states = States(folder, self._keeping.keep, solver.step if solver.step else None)
        statistics = self._keeping.statistics
        self._metrics = MetricsWriter(
            folder.metrics,
            solver.steps,
            solver.step,
            solver.scored,
            after_statistics=solver.step - 1 if statistics and statistics.waits else solver.step,
        )
        self._saved = self._moment()
        self._best: tuple[Arrays, dict[str, Any]] | None = None
        self._best_is_written = True
        self._failing = False
        if solver.best is not None:
            with contextlib.suppress(CheckpointError):
                self._best = read_checkpoint(folder.best, partial(check_weights, network=solver.network))

    def see(self, event: Event) -> None:
        """Record one event. Metrics come first: a state is never ahead of them."""
        self._metrics.write(as_record(event))
        if self._keeping.statistics is not None:
            for record in self._keeping.statistics.see(event):
                self._metrics.write(record)
        if isinstance(event, EpochDone) and event.is_best:
            self._best, self._best_is_written = (self.solver.weights(), as_record(event)), False
        if isinstance(event, Finished | Interrupted):
            self._save_at_the_end()
        elif self._due.at(event):
            self.save()
        elif isinstance(event, EpochDone):
            with self._reported(self._warn_of):
                self._write_best()

    def note(self, noticed: Iterable[Noticed]) -> list[Noticed]:
        """Record what is wrong with the training, before the event that shows it; returns it as a list."""
        seen = list(noticed)
        for each in seen:
            self._metrics.write(as_record(each))
        return seen

    def save(self) -> None:
        """Save the state now; where that fails, `warn` is told."""
        self._save(self._warn_of)

    def _save_at_the_end(self) -> None:
        if self._saved != self._moment() or not self._best_is_written:
            self._save(self._refuse)

    def _save(self, report: Callable[[OSError], None]) -> None:
        with self._reported(report):
            self._metrics.sync()
            self._write_best()
            arrays, info = self.solver.state()
            if self._best is not None and self._best[1]["step"] != info["step"]:
                arrays |= {f"{BEST}{name}": value for name, value in self._best[0].items()}
            if self._keeping.statistics is not None:
                info["statistics"] = self._keeping.statistics.state()
            self._states.write(arrays, {**info, "about": dict(self._keeping.about)})
            self._saved = self._moment()
            if self._failing:
                self._warn(f"step {info['step']:,} is saved")
                self._failing = False

    def _write_best(self) -> None:
        if self._best is not None and not self._best_is_written:
            write_checkpoint(self.folder.best, *self._best)
            self._best_is_written = True

    @contextlib.contextmanager
    def _reported(self, report: Callable[[OSError], None]) -> Any:
        try:
            yield
        except OSError as error:
            report(error)

    def _warn_of(self, error: OSError) -> None:
        if not self._failing:
            what = f"step {self.solver.step:,} could not be saved ({error.strerror})"
            self._warn(f"{what}; training goes on, and saving is tried again when next due. {self._there()}")
        self._failing = True

    def _refuse(self, error: OSError) -> None:
        raise CheckpointError(
            f"the state of step {self.solver.step:,} could not be saved in {self.folder.path} ({error.strerror}). "
            f"{self._there()}; make room, then: nndl resume {word(self.folder.path)}"
        ) from error

    def _there(self) -> str:
        """Name the state to go on from."""
        there = self._states.current
        return "No state is saved yet" if there is None else f"The newest state saved is of step {there:,}"

    def _moment(self) -> tuple[int, int]:
        """Return the numbers that tell one state of this run from another."""
        return self.solver.step, self.solver.scored

    def close(self) -> None:
        """Write what is still in memory."""
        self._metrics.close()

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:  # what ends the run is told, not what follows from it
            with contextlib.suppress(OSError):
                self.close()
