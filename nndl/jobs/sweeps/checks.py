"""Checks that no key of a sweep allows alone: every end of every range makes a config, every swept key changes it."""

from collections.abc import Callable
from math import prod
from typing import Any

from nndl.config.reading.messages import Report
from nndl.errors import ConfigError, UsageError
from nndl.jobs.sweeps.dimensions import Choose, count_of
from nndl.jobs.sweeps.schema import Sweep
from nndl.jobs.sweeps.values import digest_of, experiment_of


def check(sweep: Sweep, report: Report) -> None:
    """Report what does not fit."""
    twice = [each for each in sweep.objective if sweep.objective.count(each) > 1]
    if twice:
        report(("objective",), f"{twice[0]} stands there twice")
    for key in sweep.set:
        swept = next((each for each in sweep.space if f"{key}.".startswith(f"{each}.")), None)
        if swept is not None:
            report(("set", key), f"{key} is set in vain, as space tries values of {swept}; leave one out", at_key=True)
    if not _check_base(sweep, report):
        return
    fine = [_check_ends(sweep, key, report) for key in sweep.space]
    if all(fine):
        _check_together(sweep, report)
        _check_effects(sweep, report)
    _check_sampler(sweep, report)
    _check_pruner(sweep, report)


def _check_base(sweep: Sweep, report: Report) -> bool:
    """Check that the base with the sweep's own changes makes a config, with images to validate on where they count."""
    try:
        experiment = experiment_of(sweep, {})
    except (ConfigError, UsageError) as error:
        report(("base",) if not sweep.set else ("set",), f"the base config does not load: {error}")
        return False
    counted = [each for each in sweep.objective if each.startswith("validation")]
    if counted and not experiment.data.validates:
        report(("objective",), f"{counted[0]} needs images to validate on, and data.validation_size is 0")
        return False
    return True


def _check_ends(sweep: Sweep, key: str, report: Report) -> bool:
    """Check that each end of a key's range makes a config of its own."""
    told = [_loads(sweep, {key: value}, lambda words: report(("space", key), words)) for value in _ends(sweep, key)]
    return all(told)


def _ends(sweep: Sweep, key: str) -> list[Any]:
    return list(sweep.space[key].ends())


def _loads(sweep: Sweep, values: dict[str, Any], tell: Callable[[str], None]) -> bool:
    try:
        experiment_of(sweep, values)
    except (ConfigError, UsageError) as error:
        tell(_in_one_line(str(error)))
        return False
    return True


def _in_one_line(words: str) -> str:
    return "; ".join(dict.fromkeys(line for line in words.splitlines() if line.strip()))


def _check_together(sweep: Sweep, report: Report) -> None:
    """Check all least values together, and all largest: filters and batch may fit only one by one."""
    for which, end in (("first", 0), ("last", -1)):
        values = {key: _ends(sweep, key)[end] for key in sweep.space}
        _loads(sweep, values, lambda words, which=which: report(("space",), f"the {which} of all values: {words}"))  # type: ignore[misc]


def _check_effects(sweep: Sweep, report: Report) -> None:
    """Check that a key's values make different configs: one that a later key overrides is tried in vain."""
    first = {key: _ends(sweep, key)[0] for key in sweep.space}
    try:
        before = digest_of(experiment_of(sweep, first))
        for key in sweep.space:
            others = {repr(value): experiment_of(sweep, {**first, key: value}) for value in _ends(sweep, key)[1:]}
            same = [value for value, experiment in others.items() if digest_of(experiment) == before]
            if same:
                report(("space", key), f"{key} changes nothing: with {same[0]} the config is the same", at_key=True)
    except (ConfigError, UsageError):
        return  # told already


def too_many(sweep: Sweep) -> str | None:
    """Say why there cannot be so many trials; None where there can."""
    if sweep.sampler != "grid":
        return None
    combinations = prod(count_of(dimension) or 1 for dimension in sweep.space.values())
    if sweep.trials <= combinations:
        return None
    return f"the grid has {combinations:,} combinations, fewer than {sweep.trials:,} trials"


def _check_sampler(sweep: Sweep, report: Report) -> None:
    if sweep.sampler == "grid":
        endless = [key for key, dimension in sweep.space.items() if count_of(dimension) is None]
        if endless:
            report(
                ("space", endless[0]),
                f"a grid needs values that can be counted: choose: [...], not a range of {endless[0]}",
            )
        elif words := too_many(sweep):
            report(("trials",), words)
    if sweep.sampler == "cmaes":
        chosen = [key for key, dimension in sweep.space.items() if isinstance(dimension, Choose)]
        if chosen:
            report(("space", chosen[0]), "cmaes draws numbers, and cannot choose; take sampler: tpe")
        if len(sweep.objective) > 1:
            report(("objective",), "cmaes knows one objective; take sampler: tpe")


def _check_pruner(sweep: Sweep, report: Report) -> None:
    if (sweep.pruner == "threshold") != (sweep.prune_below is not None):
        report(("pruner",), "pruner: threshold and prune_below go together: the one says that, the other where")
    if sweep.pruner == "none":
        return
    if len(sweep.objective) > 1 or not sweep.objective[0].startswith("validation"):
        words = "pruning needs validation_accuracy or validation_loss as the one objective; take pruner: none"
        report(("pruner",), words)
    if sweep.seeds > 1:
        report(("pruner",), "pruning judges one training, and each trial has several (seeds); take pruner: none")
    if sweep.pruner == "threshold" and sweep.objective != ("validation_accuracy",):
        report(("prune_below",), "prune_below is a validation accuracy, which is then the objective too")
