"""Tables of runs: one a row, one config a row, or one a column."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nndl.cli.screen import terminal
from nndl.runs.comparing import Changed, Spread, by_config, changed, counted, distinct_names, spread, told_apart
from nndl.runs.differences import kind_of, shown
from nndl.runs.folder import safe_name
from nndl.runs.listing import Row, in_short
from nndl.runs.shares import percent, plus_minus, points
from nndl.train.intervals import duration
from nndl.visible import visible

STYLES = {"running": "green", "failed": "red", "died": "red", "damaged": "red", "interrupted": "yellow"}

SPARED = ("time", "age", "config", "epochs", "val acc")
"""Columns that a table of runs goes without, in this order, where a terminal has not the room for all."""
SPARED_OF_CONFIGS = ("seeds", "val acc", "runs")
NARROW = 100
"""Columns of a terminal under which a table of configs leaves out validation that no run has."""

AVERAGED = "mean ± standard deviation of one run, of finished ones, the newest of a seed; in brackets how many"

GAP, LEAST = 3, 24
"""Columns between two of a table, and those that what differs has in any case."""


def show_rows(rows: Sequence[Row]) -> None:
    """Print a table of runs. The config's name has a column only where the runs' own names do not begin with it."""
    now = time.time()
    columns: dict[str, list[Any]] = {
        "run": [row.name for row in rows],
        "status": [row.status for row in rows],
        "config": [row.config for row in rows],
        "images": [row.images for row in rows],
        "epochs": [_epochs(row) for row in rows],
        "val acc": [percent(row.best_validation) for row in rows],
        "test acc": [percent(row.test) for row in rows],
        "signs": [row.signs for row in rows],
        "time": [_duration(row.seconds) for row in rows],
        "age": [age(now - row.begun) for row in rows],
    }
    if all(_begins(row.name, safe_name(row.config)) for row in rows if row.config):
        del columns["config"]
    if not _synthetic(rows):
        del columns["images"]
    if not any(row.signs for row in rows):
        del columns["signs"]
    _spare(columns, SPARED, terminal.width())
    cells = list(zip(*columns.values(), strict=True))
    terminal.print_table(
        tuple(columns),
        cells,
        left=("status", "config", "images", "signs"),
        styles=[STYLES.get(row.status) for row in rows],
    )


def note_faults(rows: Sequence[Row]) -> None:
    """Say on stderr which files of the runs cannot be read, and why."""
    for words in dict.fromkeys(words for row in rows for words in row.faults):
        terminal.note(f"warning: {words}")


def _spare(columns: dict[str, list[Any]], names: Sequence[str], room: int) -> None:
    """Take out columns, those named first, until the table has room."""
    for name in names:
        if name in columns and _width(columns) > room:
            del columns[name]


def _width(columns: Mapping[str, Sequence[Any]]) -> int:
    """Count the columns of the terminal that a table takes."""
    return sum(GAP + max(len(str(cell)) for cell in [name, *cells]) for name, cells in columns.items()) - GAP


def _synthetic(rows: Sequence[Row]) -> bool:
    """Tell whether a table must say which images these learnt from: generated ones are never to pass for others."""
    return any(row.on_synthetic for row in rows)


def _begins(name: str, config: str) -> bool:
    """Tell whether the run's name says the config, or the folder's that it stands in with other seeds."""
    return any(part.startswith(config) for part in Path(name).parts)


def show_groups(rows: Sequence[Row], json: bool) -> None:
    """Print a row for each config: its runs, mean ± standard deviation of their accuracies, what tells it apart."""
    groups = by_config(rows)
    validations = [spread([row.best_validation for row in counted(group)]) for group in groups]
    tests = [spread([row.test for row in counted(group)]) for group in groups]
    apart = told_apart(groups)
    if json:
        records = map(_group_record, groups, validations, tests, apart)
        terminal.emit_json(list(records))
        return
    columns: dict[str, list[Any]] = {
        "config": [group[0].config or group[0].name for group in groups],
        "runs": [f"{len(group):,}" for group in groups],
        "images": [group[0].images for group in groups],
        "seeds": [_seeds(group) for group in groups],
        "val acc": list(map(_spread, validations)),
        "test acc": list(map(_spread, tests)),
    }
    if not _synthetic(rows):
        del columns["images"]
    if terminal.width() < NARROW and not any(validation.runs for validation in validations):
        del columns["val acc"]
    differs = list(map(_settings, apart)) if any(apart) else []
    _spare(columns, SPARED_OF_CONFIGS, terminal.width() - (LEAST + GAP) * bool(differs))
    room = terminal.width() - _width(columns) - GAP
    if differs and room >= LEAST:
        columns["what differs"] = [line if len(line) <= room else f"{line[: room - 3]}..." for line in differs]
    terminal.print_table(
        tuple(columns), list(zip(*columns.values(), strict=True)), left=("images", "seeds", "what differs")
    )
    terminal.say_words(f"\n{AVERAGED}")
    if "what differs" in columns:
        terminal.say_words("what differs from most configs of the same name; nndl runs compare shows it in full")


def _settings(places: Mapping[str, Any]) -> str:
    """Write "train.epochs=4, train.tta=mirror", as `--set` has it; of what stands only in other configs, nothing."""
    known = {key: value for key, value in places.items() if value is not None} or places
    words = (f"{key}={'null' if value is None else _as_set(value)}" for key, value in known.items())
    return ", ".join(words).replace('"', "")


def _as_set(value: Any) -> str:
    return f"{{{_in_short(value)}}}" if isinstance(value, Mapping) and kind_of(value) else _in_short(value)


def show_comparison(rows: Sequence[Row]) -> None:
    """Print runs as columns: first their results, then every place where their configs differ."""
    names = distinct_names(rows)
    figures: list[tuple[str, list[Any]]] = [
        ("status", [row.status for row in rows]),
        ("images", [row.images for row in rows]),
        ("epochs", [_epochs(row) for row in rows]),
        ("validation accuracy", _with_change([row.best_validation for row in rows])),
        ("test accuracy", _with_change([row.test for row in rows])),
        ("time", [_duration(row.seconds) for row in rows]),
    ]
    terminal.print_table(("result", *names), [(name, *values) for name, values in figures])
    terminal.say()
    show_changes(names, changed(rows))


def show_changes(names: Sequence[str], places: Sequence[Changed]) -> None:
    """Print every place where configs differ, a column for each."""
    if not places:
        terminal.say("their configs are the same")
        return
    cells = [(place.key, *map(_in_short, place.values)) for place in places]
    terminal.print_table(("config", *names), cells)
    new = next((place.key for place in places if re.search(r"\[\d*\+\d+\]$", place.key)), None)
    if new is not None:
        terminal.say_words(
            f"\n{new}: an entry that {names[0]} has not; the number before + is that of the one it follows"
        )


def _in_short(value: Any) -> str:
    """Shorten a value of a config; a list of layers or transforms to their kinds: [conv, relu]; conv: {filters: 4}."""
    if isinstance(value, Mapping) and kind_of(value):
        inside = next(iter(value.values()))
        return f"{kind_of(value)}: {_in_braces(inside)}"
    if isinstance(value, list) and value and all(kind_of(item) for item in value):
        return f"[{', '.join(map(kind_of, value))}]"
    return "-" if value is None else shown(value)


def _in_braces(value: Any) -> str:
    """Write {filters: 4, bias: false}, cut as other values are."""
    if not isinstance(value, Mapping):
        return shown(value)
    return shown(f"{{{', '.join(f'{name}: {shown(item)}' for name, item in value.items())}}}")


def sentence(row: Row) -> str:
    """Say "quickstart, finished: validation accuracy 89.40 %, test accuracy 89.00 %, on SYNTHETIC images"."""
    words = visible(f"{row.config}, {row.status}") + f": validation accuracy {percent(row.best_validation)}"
    words += "" if row.test is None else f", test accuracy {percent(row.test)}"
    return words + (f",{row.on_synthetic}" if row.on_synthetic else "")


def age(seconds: float) -> str:
    """Turn 7300 into "2 h": the largest unit that fits."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:,.0f} {unit}"
    return f"{max(0, seconds):.0f} s"


def _group_record(group: Sequence[Row], validation: Spread, test: Spread, apart: Mapping[str, Any]) -> dict[str, Any]:
    names = [row.name for row in group]
    return {
        "config": group[0].config,
        "images": group[0].images,
        "runs": names,
        "counted": [row.name for row in counted(group)],
        "seeds": [row.seed for row in group],
        "best_validation": asdict(validation),
        "test": asdict(test),
        "differs": apart,
    }


def _seeds(group: Sequence[Row]) -> str:
    return ", ".join(str(seed) for seed in sorted({row.seed for row in group if row.seed is not None}))


def _spread(figure: Spread) -> str:
    return plus_minus(figure) + ("" if figure.deviation is None else f" ({figure.runs})")


def _with_change(values: Sequence[float | None]) -> list[str]:
    """Write each accuracy, and by how many points it is above or below the first."""
    first = values[0]
    return [
        percent(value)
        if number == 0 or value is None or first is None
        else f"{percent(value)} ({points(value - first)})"
        for number, value in enumerate(values)
    ]


def _epochs(row: Row) -> str:
    return in_short(row.epochs) if row.of_epochs is None else f"{in_short(row.epochs)}/{in_short(row.of_epochs)}"


def _duration(seconds: float | None) -> str:
    return "-" if seconds is None else duration(seconds)
