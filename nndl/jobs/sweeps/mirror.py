"""Drawing and pruning of trials, by a replica of the study in memory that is told its results in order.

Trial n is drawn once the results of trials 0 to n - parallel are told, and of no other. A replica that any worker makes
from what the storage holds is therefore the same, and so is what it says of trial n, whoever else is doing what.
Nothing in a storage is unpickled: samplers that keep a state (cmaes) make theirs anew by the same steps.
"""

import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from nndl.errors import MissingExtraError
from nndl.jobs.sweeps.schema import Sweep


class Result(NamedTuple):
    """The end of a trial."""

    state: str
    """complete, pruned or failed."""
    values: Sequence[float]
    """One for each objective; none where it did not come to its end."""
    reports: Mapping[int, float]
    """The objective after each epoch."""


class Mirror:
    """The study as it was when a trial was drawn."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self._begin()

    def _begin(self) -> None:
        optuna = quiet_optuna()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self.study = optuna.create_study(
                directions=self.sweep.directions,
                study_name=self.sweep.name,
                sampler=_sampler(self.sweep),
                pruner=_pruner(self.sweep),
            )
        self.trials: list[Any] = []
        self._reported: set[tuple[int, int]] = set()
        self.told = 0

    def draw(self, number: int, results: Mapping[int, Result]) -> dict[str, Any]:
        """Return the values that trial `number` tries; `results` has those of trials 0 to number - parallel."""
        if number < len(self.trials) - 1:
            self._begin()
        while len(self.trials) <= number:
            while self.told <= len(self.trials) - self.sweep.parallel:
                self._tell(results[self.told])
            if self.sweep.sampler == "grid":
                self.study.enqueue_trial(self._combinations[len(self.trials)])
            self.trials.append(self.study.ask(self._distributions()))
        drawn = self.trials[number].params
        return {key: dimension.value(drawn[key]) for key, dimension in self.sweep.space.items()}

    def drawn(self, number: int) -> dict[str, Any]:
        """Return the values drawn as the storage keeps them: for choose, positions."""
        return dict(self.trials[number].params)

    def should_prune(self, number: int, epoch: int, value: float) -> bool:
        """Tell whether the trial, drawn last, is to end after this epoch; of several objectives none prunes."""
        self._report(number, epoch, value)
        return bool(self.trials[number].should_prune())

    def _report(self, number: int, epoch: int, value: float) -> None:
        """Report an epoch's value unless it is known: a trial that was trained here has reported its own."""
        if (number, epoch) not in self._reported:
            self._reported.add((number, epoch))
            self.trials[number].report(value, epoch)

    def _tell(self, result: Result) -> None:
        optuna = quiet_optuna()
        trial = self.trials[self.told]
        if len(self.sweep.objective) == 1:
            for epoch, value in sorted(result.reports.items()):
                self._report(self.told, epoch, value)
        states = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
        state = optuna.trial.TrialState[states[result.state]]
        self.study.tell(trial, list(result.values) if result.state == "complete" else None, state=state)
        self.told += 1

    @cached_property
    def _combinations(self) -> list[dict[str, Any]]:
        """All there are to try, in an order that the seed shuffles: a grid left unfinished has seen all corners."""
        drawn = product(*(_all_of(dimension) for dimension in self.sweep.space.values()))
        found = [dict(zip(self.sweep.space, values, strict=True)) for values in drawn]
        return [found[place] for place in np.random.default_rng(self.sweep.seed).permutation(len(found))]

    def _distributions(self) -> dict[str, Any]:
        return {key: dimension.distribution() for key, dimension in self.sweep.space.items()}


def quiet_optuna() -> Any:
    """Import the package, saying nothing of its own. Raises MissingExtraError where it is not installed."""
    try:
        import optuna
    except ImportError:
        raise MissingExtraError("optuna", "sweep", "a sweep") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _sampler(sweep: Sweep) -> Any:
    samplers, seed = quiet_optuna().samplers, sweep.seed
    if sweep.sampler in ("random", "grid"):
        return samplers.RandomSampler(seed=seed)
    if sweep.sampler == "cmaes":
        try:
            import cmaes  # noqa: F401
        except ImportError:
            raise MissingExtraError("cmaes", "sweep", "sampler: cmaes") from None
        return samplers.CmaEsSampler(seed=seed)
    return samplers.TPESampler(seed=seed, multivariate=True, group=False)


def _all_of(dimension: Any) -> list[Any]:
    """List all that a dimension's distribution can give."""
    distribution = dimension.distribution()
    if hasattr(distribution, "choices"):
        return list(distribution.choices)
    return list(range(distribution.low, distribution.high + 1, distribution.step))


def _pruner(sweep: Sweep) -> Any:
    pruners = quiet_optuna().pruners
    if sweep.pruner == "median":
        return pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=0)
    if sweep.pruner == "hyperband":
        return pruners.HyperbandPruner()
    if sweep.pruner == "threshold":
        return pruners.ThresholdPruner(lower=sweep.prune_below)
    return pruners.NopPruner()
