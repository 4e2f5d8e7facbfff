"""Naming a mistake: the catalogue's entries that give what a function gave."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nndl.check.exercises.exercise import Observed, Situation
from nndl.check.mistakes.entry import Mistake
from nndl.check.running.executor import Executor
from nndl.check.students.comparing import Difference, Trial, differences
from nndl.check.variants import Edit, definitions


@lru_cache(maxsize=20_000)
def gave(situation: Situation, edits: tuple[Edit, ...] = ()) -> Observed:
    """Return what the definitions give in a situation, or a variant of them."""
    return situation.observe(Executor(variant(edits)).run(situation.program(ours=True)))


@lru_cache(maxsize=512)
def variant(edits: tuple[Edit, ...]) -> dict[str, Any]:
    return definitions(edits)


@dataclass(frozen=True)
class Match:
    """An entry that gives what the function gave, as far as the results `names` go."""

    mistake: Mistake
    names: frozenset[str]


def matches(
    wrong: Sequence[Difference], trials: Sequence[Trial], function: str, catalogue: Iterable[Mistake]
) -> list[Match]:
    """Return the entries that explain results of a function, in all situations; of several, those that explain most."""
    names = frozenset(difference.name for difference in wrong)
    found = [match for entry in catalogue if (match := _match(entry, names, trials, function)) is not None]
    return [one for one in found if not any(one.names < other.names for other in found)]


def _match(entry: Mistake, names: frozenset[str], trials: Sequence[Trial], function: str) -> Match | None:
    best: frozenset[str] = frozenset()
    for edits in entry.variants:
        explained = _explained(edits, names, trials, function)
        if explained is not None and len(explained) > len(best):
            best = explained
    return Match(entry, best) if best else None


def _explained(
    edits: tuple[Edit, ...], wrong: frozenset[str], trials: Sequence[Trial], function: str
) -> frozenset[str] | None:
    """Return the results that a variant makes wrong in the way they were found; None where it makes one otherwise."""
    touched: set[str] = set()
    others: set[str] = set()
    try:
        variant(edits)
    except (ValueError, SyntaxError):  # the definition's line has changed: one entry fewer, and grading goes on
        return None
    for trial in trials:
        given = gave(trial.situation, edits)
        touched |= _names(Trial(trial.situation, given, trial.ours), function)
        others |= _names(Trial(trial.situation, trial.theirs, given), function)
        if not touched <= wrong or touched & others:
            return None
    return frozenset(touched)


def _names(trial: Trial, function: str) -> set[str]:
    return {difference.name for difference in differences(trial, function)}


def by_text(source: str, function: str, catalogue: Iterable[Mistake]) -> list[Mistake]:
    """Return the entries whose pattern stands in the source of a function."""
    return [each for each in catalogue if each.function == function and each.text and re.search(each.text, source)]


def by_error(message: str, catalogue: Iterable[Mistake]) -> list[Mistake]:
    """Return the entries whose pattern is in the message of what a function raised."""
    return [each for each in catalogue if each.error and re.search(each.error, message)]
