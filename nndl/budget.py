"""Training to a time instead of a number of epochs: the first steps are timed, and the epochs follow.

The epochs are fixed before training begins and written into the run's config, so that a run so begun is repeated and
resumed bit for bit like any other. Schedules that count in shares of training (cosine, one_cycle) then end in time.
"""

import math
from statistics import median

from nndl.config.build import build
from nndl.config.schema import Experiment
from nndl.errors import ConfigError
from nndl.train.events import StepDone
from nndl.train.intervals import parse_duration

MANY = 1000
"""Epochs, so that the measurement has steps enough."""

WARM_UP, LEAST_STEPS, LEAST_SECONDS = 3, 5, 3.0
"""Steps that are not counted (memory is touched for the first time), and how long is measured at least."""


def within_budget(experiment: Experiment) -> Experiment:
    """The experiment with as many epochs as its time_budget allows on this machine, and no budget any more.

    Only the steps count, not what is scored between and after them. Raises ConfigError where the time does not suffice
    for one step.
    """
    budget = experiment.train.time_budget
    if budget is None:
        return experiment
    once = experiment.train.model_copy(update={"time_budget": None, "epochs": MANY})
    solver = build(experiment.model_copy(update={"train": once})).solver
    times: list[float] = []
    for event in solver.events():
        if isinstance(event, StepDone):
            times.append(event.seconds)
            if len(times) >= WARM_UP + LEAST_STEPS and sum(times[WARM_UP:]) >= LEAST_SECONDS:
                break
    seconds = median(times[WARM_UP:])
    steps = parse_duration(budget) / seconds
    if steps < 1:
        raise ConfigError(f"train.time_budget: a step takes {seconds:.1f} s, and {budget} is less")
    epochs = math.floor(1000 * steps / solver.steps_per_epoch) / 1000
    own = {"time_budget": None, "epochs": max(epochs, 0.001)}
    return experiment.model_copy(update={"train": experiment.train.model_copy(update=own)})
