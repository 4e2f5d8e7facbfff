"""Differences between what someone's function gave and what ours gives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nndl.check.exercises.exercise import Key, Observed, Raised, Situation
from nndl.check.running.executor import Opaque

WITHIN = 1e-7
"""Largest difference that is rounding, relative to the largest number of the array."""
SMALLEST = 1e-3
"""The largest number is taken for no smaller than this: what should be zero is zero to rounding."""


@dataclass(frozen=True)
class Trial:
    """A situation, with what both gave."""

    situation: Situation
    theirs: Observed
    ours: Observed

    def convention(self, forward: str) -> str:
        """Say why differences are no errors here, where they are none."""
        refused = any(isinstance(value, Raised) for key, value in self.theirs.items() if key.function == forward)
        return self.situation.convention or (self.situation.may_refuse if refused else "")


@dataclass(frozen=True)
class Difference:
    """A result that is not as it should be."""

    trial: Trial
    key: Key
    got: Any
    wanted: Any

    @property
    def name(self) -> str:
        """The name without what says in which of the calls."""
        return self.key.name.partition(",")[0]

    def __str__(self) -> str:
        return f"{place(self)} {preposition(self.trial.situation.label)}{self.trial.situation.label}"


def preposition(label: str) -> str:
    return "" if label.startswith("in ") else "with "


def differences(trial: Trial, function: str, within: float = WITHIN) -> list[Difference]:
    """Return what a function gave otherwise than ours; nothing of calls that never came about."""
    found = []
    for key, wanted in trial.ours.items():
        if key.function == function and key in trial.theirs and not same(trial.theirs[key], wanted, within):
            found.append(Difference(trial, key, trial.theirs[key], wanted))
    for key, got in trial.theirs.items():
        if key.function == function and key not in trial.ours:
            found.append(Difference(trial, key, got, "nothing"))
    lost = [key for key, wanted in trial.ours.items() if isinstance(wanted, Raised) and key not in trial.theirs]
    found += [Difference(trial, key, "nothing", trial.ours[key]) for key in lost if key.function == function]
    return found


def same(a: Any, b: Any, within: float = WITHIN) -> bool:
    """Tell whether two results are one, to rounding. Two exceptions are; numbers that are none equal each other."""
    if isinstance(a, Raised) or isinstance(b, Raised):
        both = isinstance(a, Raised) and isinstance(b, Raised)
        return both and (a.kind == "AssertionError") == (b.kind == "AssertionError")  # that is refused, not wrong
    if _is_number(a) and _is_number(b):
        return _same_numbers(np.asarray(a), np.asarray(b), within)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same(a[name], b[name], within) for name in a)
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return len(a) == len(b) and all(same(x, y, within) for x, y in zip(a, b, strict=True))
    if isinstance(a, Opaque) or isinstance(b, Opaque) or _is_number(a) or _is_number(b):
        return False
    return bool(a == b)


def _is_number(value: Any) -> bool:
    return isinstance(value, np.ndarray | float | int) and not isinstance(value, bool)


def _same_numbers(a: Any, b: Any, within: float) -> bool:
    return a.shape == b.shape and not _apart(a, b, within).any()


def _apart(a: Any, b: Any, within: float) -> Any:
    """Mark the numbers that differ."""
    finite = np.isfinite(b)
    largest = float(np.abs(b[finite]).max(initial=SMALLEST))
    with np.errstate(invalid="ignore"):
        apart = ~(np.abs(a - b) <= within * largest)
    return apart & ~((a == b) | (np.isnan(a) & np.isnan(b)))


def place(difference: Difference) -> str:
    """Say what was found, where first, and what should be: "dx[1, 0, 2, 3] is 0.31, should be -1.2"."""
    got, wanted, name = difference.got, difference.wanted, difference.key.name
    if isinstance(got, Raised):
        return f"{name} raises {got.kind}: {got.message}" if got.message else f"{name} raises {got.kind}"
    if name == "inputs changed":
        return f"{got} {'are' if ',' in str(got) else 'is'} written into"
    if not (_is_number(got) and _is_number(wanted)):
        return f"{name} is {_shown(got)}, should be {_shown(wanted)}"
    a, b = np.asarray(got), np.asarray(wanted)
    if a.shape != b.shape:
        return f"{name} has shape {a.shape}, should be {b.shape}"
    if not b.shape:
        return f"{name} is {_both(float(a), float(b))}"
    first = tuple(int(i) for i in np.argwhere(_apart(a, b, WITHIN))[0])
    what, _, when = name.partition(", ")
    return f"{what}{list(first)}{', ' + when if when else ''} is {_both(a[first], b[first])}"


def _both(got: float, wanted: float) -> str:
    """Say both numbers, with as many digits as it takes to tell them apart."""
    digits = next((count for count in (6, 9, 12) if f"{got:.{count}g}" != f"{wanted:.{count}g}"), 17)
    return f"{got:.{digits}g}, should be {wanted:.{digits}g}"


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {value.shape}" if value.size > 4 else str(value.tolist())
    return repr(value)[:80]


def only_where(wrong: list[Trial], right: list[Trial]) -> str:
    """Say what all situations in which it is wrong have in common, and none in which it is right."""
    if not wrong or not right:
        return ""
    shared = frozenset.intersection(*[trial.situation.tags for trial in wrong])
    shared -= frozenset().union(*[trial.situation.tags for trial in right])
    return " and ".join(sorted(shared))


def by_name(found: list[Difference]) -> Iterator[tuple[str, list[Difference]]]:
    """Yield the differences of each result."""
    names = dict.fromkeys(difference.name for difference in found)
    for name in names:
        yield name, [difference for difference in found if difference.name == name]
