"""The page of a sweep: how it went, which values served best, and what each key accounts for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nndl.jobs.sweeps.names import figure, short_names
from nndl.jobs.sweeps.schema import LARGER_IS_BETTER, Sweep
from nndl.jobs.sweeps.standing import front, importance, record, without_effect
from nndl.jobs.sweeps.study import Study, Trial
from nndl.report.axes import Axis, axis_of, axis_of_values, place_of
from nndl.report.document import document, sections
from nndl.report.escape import escape
from nndl.report.parts import table
from nndl.report.scatter import Point, parallel, scatter, shares
from nndl.report.svg import number, percent_tick
from nndl.runs.folder import RunFolder, members
from nndl.runs.listing import read_row

WORDS = {
    "validation_accuracy": "validation accuracy",
    "validation_loss": "validation loss",
    "multiply_adds": "multiply-adds an image",
}
MOST_ROWS = 500
LEGEND = (
    "<span class=trial-key></span>complete <span class='trial-key pruned'></span>ended early "
    "<span class='trial-key best'></span>best"
)


@dataclass(frozen=True)
class Shown:
    """A trial as the page shows it."""

    number: int
    kind: str
    """complete, pruned, or best."""
    reached: tuple[float, ...]
    """One for each objective; of a pruned one what it had reached, where there is one objective."""
    tried: dict[str, str]
    words: str


def sweep_page(study: Study) -> str:
    """Return the whole file."""
    sweep, trials = study.sweep, study.trials()
    best = front(study, trials)
    known = [_shown(study, trial, trial in best) for trial in trials if trial.values or _ended_early(trial)]
    named = (
        ("History", _history(sweep, known)),
        ("The front", _front(sweep, known)),
        ("Parallel coordinates", _parallel(sweep, known)),
        ("Slices", _slices(sweep, known)),
        ("Importance", _importance(study)),
        ("Trials", _trials(study, trials)),
        ("How it was made", _making(study)),
    )
    under = f"<p class=quiet>{escape(f'{sweep.base}; {len(sweep.space)} keys tried, sampler {sweep.sampler}')}</p>"
    return document(sweep.name, under, _headline(study, trials, best) + _notes(trials) + sections(named, "sweep"))


def _ended_early(trial: Trial) -> bool:
    return trial.state == "pruned" and bool(trial.reports)


def _shown(study: Study, trial: Trial, is_best: bool) -> Shown:
    told = record(study, trial)
    reached = trial.values or (trial.reports[max(trial.reports)],)
    figures = ", ".join(
        f"{_name(name)} {_show(name)(value)}" for name, value in zip(study.sweep.objective, reached, strict=True)
    )
    names = short_names(study.sweep.space)
    tried = ", ".join(f"{names.get(key, key)} {value}" for key, value in told["values"].items())
    kind = "best" if is_best else trial.state
    return Shown(trial.number, kind, tuple(reached), told["values"], f"trial {trial.number}: {figures}; {tried}")


def _name(objective: str) -> str:
    return WORDS.get(objective, objective)


def _show(objective: str) -> Callable[[float], str]:
    return percent_tick if objective == "validation_accuracy" else number


def _headline(study: Study, trials: Sequence[Trial], best: Sequence[Trial]) -> str:
    counts = {state: sum(trial.state == state for trial in trials) for state in ("complete", "pruned", "failed")}
    several = len(study.sweep.objective) > 1
    items = []
    if best and several:
        items.append(("first", "trials that no other beats in everything", f"{len(best)}"))
    elif best:
        name = study.sweep.objective[0]
        value = f"{_show(name)(best[0].values[0])}<small>trial {best[0].number}</small>"
        items.append(("first", f"best {_name(name)}", value))
    others = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    items.append(("", "trials", f"{sum(counts.values())} of {study.total}<small>{others}</small>"))
    cells = "".join(f'<div class="{kind}"><dt>{name}</dt><dd>{value}</dd></div>' for kind, name, value in items)
    return f"<dl class=headline>{cells}</dl>"


def _notes(trials: Sequence[Trial]) -> str:
    notes = [
        f"Trials {', '.join(map(str, same))} have different configs and the same losses to the last digit: "
        "a value that does nothing."
        for same in without_effect(trials)
    ]
    return "".join(f"<p class=note>{escape(note)}</p>" for note in notes)


def _history(sweep: Sweep, known: Sequence[Shown]) -> str:
    """Return each objective trial by trial, with a line at the best so far."""
    if not known:
        return "<p>No trial has come to its end yet.</p>"
    numbers = axis_of_values("trial", [0.0, *(float(each.number) for each in known)])
    charts = []
    for place, name in enumerate(sweep.objective):
        there = [each for each in known if len(each.reached) > place]
        y = axis_of_values(_name(name), [each.reached[place] for each in there], _show(name))
        points = [Point(each.number, each.reached[place], each.kind, each.words) for each in there]
        ended = [(float(each.number), each.reached[place]) for each in there if each.kind != "pruned"]
        charts.append(scatter(_capital(_name(name)), numbers, y, points, _best_so_far(name, ended), LEGEND))
    return f"<p class=quiet>Each trial by its number; the line is the best so far.</p>{_figures(charts)}"


def _best_so_far(objective: str, reached: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    better = max if objective in LARGER_IS_BETTER else min
    best: list[tuple[float, float]] = []
    for at, value in reached:
        best.append((at, better(value, best[-1][1]) if best else value))
    return best


def _front(sweep: Sweep, known: Sequence[Shown]) -> str:
    """Return the first objective against each other one, with those that no trial beats in everything joined."""
    if len(sweep.objective) < 2 or not known:
        return ""
    first, *others = sweep.objective
    y = axis_of_values(_name(first), [each.reached[0] for each in known], _show(first))
    charts = []
    for place, name in enumerate(others, 1):
        x = axis_of_values(_name(name), [each.reached[place] for each in known], _show(name))
        points = [Point(each.reached[place], each.reached[0], each.kind, each.words) for each in known]
        joined = sorted((each.x, each.y) for each in points if each.kind == "best") if len(others) == 1 else []
        charts.append(scatter(f"{_capital(_name(first))} by {_name(name)}", x, y, points, joined, LEGEND))
    said = "Trials that no other beats in all objectives at once: to be better in one, another must give way."
    return f"<p class=quiet>{said}</p>{_figures(charts)}"


def _parallel(sweep: Sweep, known: Sequence[Shown]) -> str:
    names = short_names(sweep.space)
    axes = [axis_of(names[key], dimension) for key, dimension in sweep.space.items()]
    complete = [each for each in known if each.kind != "pruned"]
    placed = [(each, _places(sweep, each)) for each in complete]
    whole = [(each, places) for each, places in placed if None not in places]
    if len(whole) < 2:
        return ""
    name = sweep.objective[0]
    values = sorted({each.reached[0] for each, _ in whole}, reverse=name not in LARGER_IS_BETTER)
    last = axis_of_values(_name(name), values, _show(name))
    lines: list[tuple[list[Any], float, str]] = [
        ([*places, each.reached[0]], values.index(each.reached[0]) / max(1, len(values) - 1), each.words)
        for each, places in whole
    ]
    said = f"A line for each complete trial; the stronger its colour, the better its {_name(name)}."
    return f"<p class=quiet>{said}</p>{parallel([*axes, last], lines)}"


def _places(sweep: Sweep, each: Shown) -> list[float | None]:
    return [place_of(dimension, each.tried.get(key, "")) for key, dimension in sweep.space.items()]


def _slices(sweep: Sweep, known: Sequence[Shown]) -> str:
    """Return a chart for each key and objective: what was tried, and what came of it."""
    charts = []
    for place, name in enumerate(sweep.objective):
        there = [each for each in known if len(each.reached) > place]
        if not there:
            continue
        y = axis_of_values(_name(name), [each.reached[place] for each in there], _show(name))
        charts += [_slice(sweep, key, place, y, there) for key in sweep.space]
    return _figures(charts)


def _slice(sweep: Sweep, key: str, place: int, y: Axis, there: Sequence[Shown]) -> str:
    dimension, short = sweep.space[key], short_names(sweep.space)[key]
    found = [(place_of(dimension, each.tried.get(key, "")), each) for each in there]
    points = [Point(at, each.reached[place], each.kind, each.words) for at, each in found if at is not None]
    title = f"{_capital(y.label)} by {short}"
    return scatter(title, axis_of(short, dimension), y, points)


def _importance(study: Study) -> str:
    found = importance(study)
    if not found:
        return ""
    said = (
        f"How much each key decides whether a trial's {_name(study.sweep.objective[0])} is among the best (PED-ANOVA, "
        "over the complete trials); with few of them it is a hint at most."
    )
    return f"<p class=quiet>{said}</p>{shares(found)}"


def _trials(study: Study, trials: Sequence[Trial]) -> str:
    """Return a table of all that have begun, the best first."""
    best = {trial.number for trial in front(study, trials)}
    names, keys = study.sweep.objective, list(study.sweep.space)
    sign = -1 if names[0] in LARGER_IS_BETTER else 1
    begun = [trial for trial in trials if trial.state != "waiting"]
    begun.sort(key=lambda trial: (not trial.values, sign * trial.values[0] if trial.values else 0, trial.number))
    rows, noticed = [], {trial.number: _signs(study, trial) for trial in begun[:MOST_ROWS]}
    for trial in begun[:MOST_ROWS]:
        told = record(study, trial)
        reached = [_show(name)(told[name]) if name in told else "" for name in names]
        tried = [told["values"].get(key, "") for key in keys]
        state = told["state"] + (f": {told['error']}" if told["error"] else "")
        rows.append((f"{trial.number}{' *' if trial.number in best else ''}", state, *reached, *map(figure, tried)))
    head = ("trial", "state", *map(_name, names), *short_names(keys).values())
    if any(noticed.values()):
        head, rows = (*head, "signs"), [(*row, signs) for row, signs in zip(rows, noticed.values(), strict=True)]
    more = f" The first {MOST_ROWS} of {len(begun)}." if len(begun) > MOST_ROWS else ""
    return f"<p class=quiet>* that no other beats.{more}</p>{table(head, rows)}" if rows else ""


def _signs(study: Study, trial: Trial) -> str:
    """Name what was wrong with a trial's training, of all its seeds."""
    path = study.path(trial.number)
    runs = [read_row(folder) for folder in members(path) or [RunFolder(path)]]
    return ", ".join(dict.fromkeys(sign for run in runs for sign in run.signs.split(", ") if sign))


def _making(study: Study) -> str:
    """Return folder, versions, and the sweep's file."""
    about = study.about()
    made_by = ", ".join(f"{name} {about['identity'][name]}" for name in ("nndl", "numpy", "optuna", "threads"))
    parts = [f"<p>Folder: <code>{escape(str(study.folder))}</code></p>", f"<p>{escape(made_by)}</p>"]
    if about["storage"]:
        parts.append(f"<p>Storage: <code>{escape(about['storage'])}</code></p>")
    parts.append(f"<details><summary>Its file</summary><pre tabindex=0>{escape(about['text'])}</pre></details>")
    return "".join(parts)


def _figures(charts: Sequence[str]) -> str:
    there = [chart for chart in charts if chart]
    return f'<div class="figures{" alone" if len(there) == 1 else ""}">{"".join(there)}</div>' if there else ""


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
