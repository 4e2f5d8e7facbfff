"""One process's part of a sweep: it takes trials up that were left, claims those that wait, and trains them.

A trial belongs to whoever holds its folder's lock, which the system lets go of when the process ends, however it ends.
Its state in the storage says the same to dashboards and to other hosts, with a word every minute that it is alive.
"""

import platform
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from os import getpid
from typing import Any

from nndl.errors import ConfigError, NndlError, TrainingError, UsageError
from nndl.jobs.stored import stored_state
from nndl.jobs.sweeps.mirror import Mirror, Result
from nndl.jobs.sweeps.study import Study, Trial
from nndl.jobs.sweeps.training import digest_of_losses, objectives, run_folders, train_run
from nndl.jobs.sweeps.values import as_words, digest_of, experiment_of, trial_seed
from nndl.runs.files import is_there
from nndl.runs.lock import InUseError, lock_run
from nndl.train.solver import Solver

POLL_SECONDS = 0.5
BEAT_SECONDS = 60.0
MOST_ATTEMPTS = 5
"""The times that a trial may end without a word at the same step before it counts as failed."""


@dataclass
class Worker:
    """A trainer of trials until there are none, the time is up, or `stop` is called."""

    study: Study
    sets: tuple[str, ...] = ()
    """Changes of every trial's config that the command makes: where the images are, which engine."""
    until: float | None = None
    """The moment, by time.monotonic, after which no trial is begun."""
    tell: Callable[[str], None] = lambda _: None
    stopped: bool = False
    _solver: Solver | None = None
    _mirror: Mirror = field(init=False)

    def __post_init__(self) -> None:
        self._mirror = Mirror(self.study.sweep)

    def stop(self) -> None:
        """End after the step in flight, with the trial's state saved; whoever comes next goes on with it."""
        self.stopped = True
        if self._solver is not None:
            self._solver.stop()

    def work(self) -> bool:
        """Train trials; returns whether the study is then complete."""
        while not self.stopped:
            trials = self.study.trials()
            if all(trial.finished for trial in trials):
                return True
            if not any(self._try(trial, trials) for trial in self._order(trials)):
                if self._out_of_time() and not any(trial.state == "running" for trial in trials):
                    return False
                time.sleep(POLL_SECONDS)
        return False

    def _out_of_time(self) -> bool:
        return self.until is not None and time.monotonic() >= self.until

    def _order(self, trials: list[Trial]) -> list[Trial]:
        """Return the trials to try: running ones that were left, then those that wait."""
        left = [trial for trial in trials if trial.state == "running" and self.study.is_stale(trial)]
        waiting = [] if self._out_of_time() else [trial for trial in trials if trial.state == "waiting"]
        return [*left, *waiting[: self.study.sweep.parallel]]

    def _try(self, trial: Trial, trials: list[Trial]) -> bool:
        """Train a trial to its end, unless another process has it; returns whether it was ours."""
        path = self.study.path(trial.number)
        if path.is_symlink():
            raise UsageError(f"{path} is a link, which may lead to any run; a sweep's own are folders in it")
        path.mkdir(parents=True, exist_ok=True)
        try:
            with lock_run(path):
                now: Trial | None = self.study.now(trial)
                if now is not None and now.state == "waiting":
                    now = self.study.claim(now)
                if now is None or now.finished:
                    return False
                self._train(now, trials)
        except InUseError:
            return False
        return True

    def _train(self, trial: Trial, trials: list[Trial]) -> None:
        with _Heart(self.study, trial):
            values = self._values(trial.number, trials)
            if values is None:
                return
            self.study.note_drawn(trial, self._mirror.drawn(trial.number))
            before = trial.notes.get("attempts", (0, 0))
            again = self._attempts(trial)
            try:
                result = again or self._result(trial, values)
            except (NndlError, OSError):  # no images, a full disk: no end without a word, and not the trial's fault
                self.study.note(trial, attempts=before)
                raise
            if result is None:  # it was asked to stop, which is none either
                self.study.note(trial, attempts=before)
            else:
                self.study.finish(trial, result)
                self.tell(f"trial {trial.number} {result.state}")

    def _values(self, number: int, trials: list[Trial]) -> dict[str, Any] | None:
        """Return what the trial tries, once those it learns from are finished; None where it is stopped first.

        trials: as they were a moment ago; a large study is not read more often than it must be.
        """
        while not self.stopped:
            before = trials[: max(0, number - self.study.sweep.parallel + 1)]
            if all(trial.finished for trial in before):
                return self._mirror.draw(number, {trial.number: trial.result for trial in before})
            left = [trial for trial in before if trial.state == "running" and self.study.is_stale(trial)]
            waiting = [trial for trial in before if trial.state == "waiting"]  # its process ended before it claimed it
            if not any(self._try(trial, trials) for trial in (*left, *waiting)):
                time.sleep(POLL_SECONDS)
            trials = self.study.trials()
        return None

    def _attempts(self, trial: Trial) -> Result | None:
        """Count a beginning of the trial; a failure where it ended at the same step too often."""
        seed = trial_seed(self.study.sweep, trial.number)
        folders = run_folders(self.study.path(trial.number), self.study.sweep, seed).values()
        states = [stored_state(folder) for folder in folders if is_there(folder.config)]
        step = sum(state.info["step"] for state in states if state is not None)
        at, count = trial.notes.get("attempts", (step, 0))
        count = count + 1 if at == step else 1
        self.study.note(trial, attempts=[step, count])
        if count <= MOST_ATTEMPTS:
            return None
        self.study.note(trial, error=f"ended {MOST_ATTEMPTS} times at step {step:,} without getting any further")
        return Result("failed", (), {})

    def _result(self, trial: Trial, values: dict[str, Any]) -> Result | None:
        """Train the trial and return its result; None where this process was stopped before its end."""
        sweep, seed, reports = self.study.sweep, trial_seed(self.study.sweep, trial.number), {}
        folders = run_folders(self.study.path(trial.number), sweep, seed)

        def prune(epoch: int, value: float) -> bool:
            reports[epoch] = value
            if len(sweep.objective) > 1 or sweep.seeds > 1:
                return False
            self.study.report(trial, epoch, value)
            return self._mirror.should_prune(trial.number, epoch, value)

        try:
            own = (f"threads={self.study.threads}", f"name={sweep.name}-{trial.number:04d}")
            self.study.note(trial, values={key: as_words(value) for key, value in values.items()})
            base = experiment_of(sweep, values, (*own, *self.sets))
            self.study.note(trial, digest=digest_of(base))
            for each, folder in folders.items():
                if self.stopped:
                    return None
                if is_there(folder.config) and folder.status() == "finished":
                    continue
                experiment = base.model_copy(update={"seed": each})
                end = train_run(experiment, folder, prune, sweep.objective[0], self._watch)
                if end != "finished":
                    return Result("pruned", (), reports) if end == "pruned" else None
        except (TrainingError, ConfigError) as error:
            self.study.note(trial, error=str(error))
            return Result("failed", (), reports)
        self.study.note(trial, losses=digest_of_losses(folders))
        return Result("complete", objectives(sweep, folders), reports)

    def _watch(self, solver: Solver) -> None:
        self._solver = solver
        if self.stopped:
            solver.stop()


class _Heart:
    """Says in the storage that a trial's process is alive: at once, and every minute."""

    def __init__(self, study: Study, trial: Trial) -> None:
        self._study, self._trial = study, trial
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> None:
        self._say()
        self._thread.start()

    def _say(self) -> None:
        self._study.note(self._trial, lease=[platform.node(), getpid(), time.time()])

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            try:
                self._say()
            except NndlError:
                continue
            except Exception:
                continue
