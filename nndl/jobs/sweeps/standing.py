"""The standing of a sweep: its trials in a table, the best of them, the values without effect."""

import warnings
from collections import defaultdict
from collections.abc import Sequence
from statistics import mean
from typing import Any, NamedTuple

from nndl.config.load import decoded
from nndl.jobs.sweeps.study import Study, Trial
from nndl.jobs.sweeps.training import run_folders
from nndl.jobs.sweeps.values import trial_seed
from nndl.runs.files import read_bounded
from nndl.runs.folder import RunFolder
from nndl.runs.listing import read_summary, seconds


def record(study: Study, trial: Trial) -> dict[str, Any]:
    """Return a trial as JSON: number, state, values tried and reached, where it runs."""
    names = study.sweep.objective
    return {
        "trial": trial.number,
        "state": _state(study, trial),
        **dict(zip(names, trial.values, strict=False)),
        "values": dict(trial.notes.get("values", {})),
        "epochs": len(trial.reports) or None,
        "host": trial.lease[0],
        "error": trial.notes.get("error"),
        "folder": study.path(trial.number).as_posix(),
    }


def _state(study: Study, trial: Trial) -> str:
    """Return the state, or "left" where its process is gone: the next worker goes on with it."""
    return "left" if trial.state == "running" and study.is_stale(trial) else trial.state


def time_left(study: Study, trials: Sequence[Trial]) -> float | None:
    """Estimate the seconds until all trials are finished, with as many processes as train some now.

    None where nobody trains, or no trial was finished to go by.
    """
    running = sum(_state(study, trial) == "running" for trial in trials)
    to_do = sum(not trial.finished for trial in trials) - running / 2  # those under way are half done on average
    took = [each for trial in trials if trial.finished and (each := _seconds(study, trial)) is not None]
    return mean(took) * to_do / running if running and took else None


def _seconds(study: Study, trial: Trial) -> float | None:
    """Return the seconds of training of a trial; None where its runs do not say."""
    folders = run_folders(study.path(trial.number), study.sweep, trial_seed(study.sweep, trial.number))
    known = [seconds((read_summary(folder) or {}).get("seconds")) for folder in folders.values()]
    return sum(filter(None, known)) if any(known) else None


def front(study: Study, trials: Sequence[Trial]) -> list[Trial]:
    """Return the best trial; of several objectives, all that no other trial beats in every one (the Pareto front)."""
    signs = [1 if direction == "maximize" else -1 for direction in study.sweep.directions]
    done = [
        (trial, [sign * value for sign, value in zip(signs, trial.values, strict=True)])
        for trial in trials
        if trial.state == "complete"
    ]
    found = [trial for trial, own in done if not any(_beats(other, own) for _, other in done)]
    return sorted(found, key=lambda trial: (-signs[0] * trial.values[0], trial.number))


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(a >= b for a, b in zip(one, other, strict=True)) and any(a > b for a, b in zip(one, other, strict=True))


def without_effect(trials: Sequence[Trial]) -> list[list[int]]:
    """List trials of different configs and yet the same losses, to the last digit: a value that does nothing."""
    by_losses: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        if trial.notes.get("losses"):
            by_losses[trial.notes["losses"]].append(trial)
    return [
        [trial.number for trial in same]
        for same in by_losses.values()
        if len({trial.notes.get("digest") for trial in same}) > 1
    ]


def importance(study: Study) -> dict[str, float]:
    """Return how much each key decides whether a trial is among the best, largest first; empty with too few trials.

    By PED-ANOVA over the first objective, which takes low values for good ones.
    """
    from nndl.jobs.sweeps.mirror import quiet_optuna

    optuna = quiet_optuna()
    sign = -1 if study.sweep.directions[0] == "maximize" else 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of low values' being good, and of being new
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        try:
            found = optuna.importance.get_param_importances(
                study.optuna_study(), evaluator=evaluator, target=lambda trial: sign * trial.values[0]
            )
        except (ValueError, RuntimeError, ZeroDivisionError):
            return {}
    return {key: float(value) for key, value in found.items()}


class Best(NamedTuple):
    """The best trial."""

    number: int
    run: RunFolder
    """Of several seeds or folds the first."""
    config: str
    """Its text."""


def best(study: Study) -> Best | None:
    """Return the best trial; None where none has come to its end. Raises ConfigError where its config is no text."""
    found = front(study, study.trials())
    if not found:
        return None
    number = found[0].number
    run, *_ = run_folders(study.path(number), study.sweep, trial_seed(study.sweep, number)).values()
    return Best(number, run, decoded(read_bounded(run.config), run.config))
