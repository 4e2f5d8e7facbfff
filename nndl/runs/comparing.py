"""Runs beside each other: what differs in their configs, how seeds of one config spread, which is best."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from nndl.runs.differences import Difference, differences
from nndl.runs.listing import Row

NOT_THE_EXPERIMENT = ("seed", "threads", "checkpoint")
"""Places that may differ between repeats of one experiment; that of its data and the fold may, too."""


@dataclass(frozen=True)
class Changed:
    """A place in the configs and what stands there in each run; None where nothing does."""

    key: str
    values: tuple[Any, ...]


def changed(rows: Sequence[Row]) -> list[Changed]:
    """List every place where the config of a run differs from that of the first."""
    first, *others = rows
    found = [{each.key: each for each in differences(first.tree, row.tree)} for row in others]
    olds = {key: each.old for places in found for key, each in places.items()}
    return [
        Changed(key, (old, *(_new_at(key, old, row, places) for row, places in zip(others, found, strict=True))))
        for key, old in _by_place(olds)
    ]


def _by_place(found: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Sort places as they were found, but entries of one list in the list's order, whichever run had them."""
    lists: dict[str, int] = {}

    def place(item: tuple[str, Any]) -> tuple[int, int, int]:
        found = re.match(r"([^\[]*)\[([0-9]{0,9})\+?([0-9]{0,9})\]", item[0])
        name, index, added = found.groups() if found else (item[0], "", "")
        return lists.setdefault(name, len(lists)), int(index or -1), int(added or 0)

    return sorted(found.items(), key=place)


def _new_at(key: str, old: Any, row: Row, places: Mapping[str, Difference]) -> Any:
    """Return a run's value at a place of the first one's; where nothing there differs, `old`."""
    if key in places:
        return places[key].new
    above = next((place for place in places if key.startswith((f"{place}.", f"{place}["))), None)
    if above is not None:
        return _value_at(places[above].new, key.removeprefix(above))
    return old if "[" in key else _value_at(row.tree, key)


def _value_at(tree: Any, key: str) -> Any:
    """Return the value at `train.groups[0].l2`, as `differences` names places; None where only other lists have it."""
    for name, index in re.findall(r"([^.\[\]]+)|\[([^\]]*)\]", key):
        if index:
            tree = (
                tree[int(index[:9])]
                if isinstance(tree, list) and index.isdecimal() and int(index[:9]) < len(tree)
                else None
            )
        else:
            tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree


@dataclass(frozen=True)
class Spread:
    """A figure over several runs: mean and the standard deviation of one run (n - 1); None for fewer than two."""

    mean: float | None
    deviation: float | None
    runs: int


def spread(values: Sequence[float | None]) -> Spread:
    """Compute mean and deviation of the values there are."""
    known = [value for value in values if value is not None]
    return Spread(mean(known) if known else None, stdev(known) if len(known) > 1 else None, len(known))


def counted(group: Sequence[Row]) -> list[Row]:
    """Pick the runs of a group to average: the finished ones, and of several with one seed (and fold) only the newest.

    A training that broke off says little of one that did not; the same seed again says nothing more.
    """
    finished = sorted((row for row in group if row.status == "finished"), key=lambda row: row.begun)
    newest = {(row.seed, row.fold): row for row in finished}
    return [row for row in group if newest.get((row.seed, row.fold)) is row]


def distinct_names(rows: Sequence[Row]) -> list[str]:
    """Return the runs' names; their folders where two have the same."""
    names = [row.name for row in rows]
    return names if len(set(names)) == len(names) else [row.folder for row in rows]


def by_config(rows: Sequence[Row]) -> list[list[Row]]:
    """Group the rows by config, whatever their seeds and folds; groups in the order of their first rows."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(_experiment(row), []).append(row)
    return list(groups.values())


def told_apart(groups: Sequence[Sequence[Row]]) -> list[dict[str, Any]]:
    """Tell each group of `by_config` from the others of its name: by the places where it is not as most of them.

    With what it has there, None for null and for nothing; most are more than half.
    """
    firsts = [group[0] for group in groups]
    found: dict[str, dict[str, Any]] = {}
    for name in {row.config for row in firsts}:
        alike = [row for row in firsts if row.config == name]
        places = [place for place in changed(alike) if not _is_repeat(place.key)]
        for number, row in enumerate(alike):
            found[row.folder] = {place.key: place.values[number] for place in places if _is_rare(place, number)}
    return [found[row.folder] for row in firsts]


def _is_rare(place: Changed, number: int) -> bool:
    values = list(map(repr, place.values))
    return 2 * values.count(values[number]) <= len(values)


def _is_repeat(key: str) -> bool:
    return key == "data.root" or key.partition(".")[0] in NOT_THE_EXPERIMENT


def _experiment(row: Row) -> str:
    if not row.tree:
        return row.folder  # damaged: like no other
    tree = {key: value for key, value in row.tree.items() if key not in NOT_THE_EXPERIMENT}
    if isinstance(tree.get("data"), Mapping):
        apart = ("root", "fold", "validation_size") if row.fold else ("root",)
        tree["data"] = {key: value for key, value in tree["data"].items() if key not in apart}
        tree["folds"] = row.fold and row.fold.partition("/")[2]
    return json.dumps(tree, sort_keys=True, default=str)


def best_run(rows: Sequence[Row], config: str | None = None) -> Row | None:
    """Find the run of the highest validation accuracy; generated images count only where there are no others.

    Validation decides and not the test set: whoever chooses by the test set no longer has one.
    """
    scored = [row for row in rows if row.best_validation is not None and config in (None, row.config)]
    real = [row for row in scored if row.dataset != "synthetic"]
    return max(real or scored, key=lambda row: (row.best_validation, row.begun), default=None)


def unscored(rows: Sequence[Row], config: str | None = None) -> str:
    """Say why there is no best run, and what to do."""
    of = "" if config is None else f" of config {config!r}"
    sizes = {_value_at(row.tree, "data.validation_size") for row in rows if config in (None, row.config)}
    if sizes != {0}:
        return f"no run{of} has a validation accuracy yet; nndl runs shows those there are"
    return (
        f"no run{of} will have a validation accuracy: all learn from every image (data.validation_size is 0)\n"
        "to choose among configs, train them with --set data.validation_size=auto; nndl runs --sort test orders these "
        "runs by test accuracy, but whoever chooses by the test set no longer has one"
    )
