"""Training to a time instead of a number of epochs: the first steps are timed, and the epochs follow.

The epochs are fixed before training begins and written into the run's config, so that a run so begun is repeated and
resumed bit for bit like any other. Schedules that count in shares of training (cosine, one_cycle) then end in time.
"""

from collections.abc import Callable
from dataclasses import replace
from statistics import median
from time import perf_counter

from nndl.config.build import Build
from nndl.config.schema import MOST_EPOCHS, Experiment, Train, whole
from nndl.errors import ConfigError
from nndl.jobs.build import build
from nndl.train.events import StepDone
from nndl.train.intervals import parse_duration
from nndl.train.solver import Solver
from nndl.train.transforms import Lookahead, Swa

MANY = 1000
"""Epochs, so that the measurement has steps enough."""

WARM_UP, LEAST_STEPS, LEAST_SECONDS = 3, 5, 3.0
"""Steps that are not counted (memory is touched for the first time), and how long is measured at least."""

FINE = 1_000_000
"""Parts of an epoch that are told apart: more than it has steps."""


def within_budget(
    experiment: Experiment, make: Build | None = None, tell: Callable[[str], None] = lambda _: None
) -> Experiment:
    """Return the experiment with as many epochs as its time_budget allows on this machine, and no budget any more.

    Only the steps count, not what is scored between and after them; `tell` is given words on it. Raises ConfigError
    where the time does not suffice for one step, or for what the schedule and the warm-up say of epochs.
    """
    budget = experiment.train.time_budget
    if budget is None:
        return experiment
    try:
        tell(f"timing steps, to know how many epochs fit into {budget}")
        fitting = _timed(experiment, budget, make)
    except KeyboardInterrupt:
        tell("\nstopped while steps were timed; no run was begun")
        raise
    tell(_in_words(fitting.train.epochs, budget))
    return fitting


def _timed(experiment: Experiment, budget: str, make: Build | None) -> Experiment:
    seconds, per_epoch = _seconds(experiment, parse_duration(budget), make or build)
    steps = int(parse_duration(budget) / seconds)  # whole ones: the solver does not leave a step half done
    if steps < 1:
        raise ConfigError(f"train.time_budget: a step takes {seconds:.3g} s, and {budget} is less")
    epochs = whole(steps * FINE // per_epoch / FINE)
    _check_epochs(experiment.train, epochs, _in_words(epochs, budget))
    _check_average(experiment.train, steps, per_epoch, budget)
    return experiment.with_epochs(epochs)


def _in_words(epochs: float, budget: str) -> str:
    """Say "26.98 epochs fit into 5s"."""
    return f"{epochs:,.0f} epochs fit into {budget}" if epochs >= 1000 else f"{epochs:.4g} epochs fit into {budget}"


def _seconds(experiment: Experiment, budget: float, make: Build) -> tuple[float, int]:
    """Return the time of a step, the mean over training where images have several sizes, and the steps of an epoch."""
    resolution = experiment.train.resolution
    if resolution is None:
        solver = make(experiment.with_epochs(MANY)).solver
        return _seconds_of_a_step(solver, budget), solver.steps_per_epoch
    ends = [*(share for share, _ in resolution.stages[1:]), 1.0]
    total = 0.0
    for (begin, size), end in zip(resolution.stages, ends, strict=True):
        train = experiment.train.model_copy(update={"resolution": replace(resolution, stages=((0.0, size),))})
        stage = experiment.model_copy(update={"train": train})
        solver = make(stage.with_epochs(MANY)).solver
        total += (end - begin) * _seconds_of_a_step(solver, budget / len(ends))
    return total, solver.steps_per_epoch


def _seconds_of_a_step(solver: Solver, budget: float) -> float:
    """Return the median of steps timed for some seconds, but not for longer than the budget; of one step at least."""
    times: list[float] = []
    began = perf_counter()
    for event in solver.events():
        if isinstance(event, StepDone):
            times.append(event.seconds)
        enough = len(times) >= WARM_UP + LEAST_STEPS and sum(times[WARM_UP:]) >= LEAST_SECONDS
        if enough or (len(times) > 1 and perf_counter() - began >= budget):
            break
    return median(times[WARM_UP:] or times[1:])


def _check_epochs(train: Train, epochs: float, fit: str) -> None:
    """Refuse what a config of these epochs could not say, before there is a run that could not be resumed."""
    if epochs > MOST_EPOCHS:
        raise ConfigError(
            f"train.time_budget: {fit}, but {MOST_EPOCHS:,} are the most there may be: give a shorter one"
        )
    if beyond := train.schedule.beyond(epochs):
        raise ConfigError(
            f"train.schedule: {fit}, but the schedule ({train.schedule.kind}) goes on to epoch {beyond.epoch:g}: "
            "give it a longer time_budget, or a schedule that counts in shares of training (cosine, one_cycle)"
        )
    if train.warmup_epochs > epochs:
        words = (
            f"{fit}, but the warm-up takes {train.warmup_epochs:g}: give it a longer time_budget, or a shorter warm-up"
        )
        raise ConfigError(f"train.warmup_epochs: {words}")


def _check_average(train: Train, steps: int, per_epoch: int, budget: str) -> None:
    """Refuse slow weights that are never renewed, which would end as they began, and a mean of no weights."""
    average, fit = train.average, f"train.average: {steps:,} steps fit into {budget}, but"
    if isinstance(average, Lookahead) and average.every > steps:
        words = f"lookahead renews its weights every {average.every:,}"
        raise ConfigError(f"{fit} {words}: give it a longer time_budget, or a smaller every")
    if isinstance(average, Swa) and not average.taken(steps, steps, per_epoch):
        words = f"swa begins after {average.first(steps):,} and takes none of those behind (every: {average.every})"
        raise ConfigError(f"{fit} {words}: give it a longer time_budget, or a smaller every")
