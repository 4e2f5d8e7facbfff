"""Several runs: their curves over each other, their results, and what differs in their configs."""

from collections.abc import Callable, Mapping, Sequence

from nndl.report.escape import escape
from nndl.report.gather import Facts
from nndl.report.parts import slug, table
from nndl.report.svg import Line, line_chart, percent
from nndl.report.words import accuracy
from nndl.runs.comparing import changed
from nndl.runs.differences import kind_of, shown
from nndl.train.intervals import duration

COLOURS = 12
"""Lines that style.css tells apart: six colours, each with two patterns of dashes."""
APART = 20
"""Learning rates that differ by more stand on a logarithmic axis."""


def several(runs: Sequence[Facts], one: Callable[[Facts, int], str]) -> str:
    """Return overlaid curves, a table of results, what differs; then each run folded, as `one` shows it."""

    def lines(attribute: str, dots: bool = False) -> list[Line]:
        return [
            Line(each.name, getattr(each.curves, attribute), place % COLOURS + 1, dots=dots)
            for place, each in enumerate(runs)
        ]

    charts = (
        line_chart("Training loss", lines("smooth_loss")),
        line_chart("Validation accuracy", lines("validation_accuracy", dots=True), percent),
        line_chart("Validation loss", lines("validation_loss", dots=True)),
        line_chart("Accuracy on a training sample", lines("train_accuracy", dots=True), percent),
        line_chart("Learning rate", lines("learning_rate"), log=_far_apart(runs)),
        line_chart("Images a second", lines("images_per_second"), from_zero=True),
    )
    folded = "".join(
        f"<details class=run><summary>{escape(each.name)}</summary>{one(each, 3)}</details>" for each in runs
    )
    sections = (
        ("Results", _results(runs)),
        ("Learning", f"<div class=figures>{''.join(charts)}</div>"),
        ("What differs", _differing(runs)),
        ("Each run", folded),
    )
    return "".join(
        f'<section aria-labelledby="all-{slug(title)}"><h2 id="all-{slug(title)}">{title}</h2>{content}</section>'
        for title, content in sections
    )


def _differing(runs: Sequence[Facts]) -> str:
    """Return the places where configs differ, of those that can be read."""
    readable = [each for each in runs if each.row.tree]
    if len(readable) < 2:
        return "<p>There are no two configs to compare.</p>"
    places = changed([each.row for each in readable])
    if not places:
        return "<p>Their configs are the same.</p>"
    cells = [(place.key, *map(_value, place.values)) for place in places]
    return table(("config", *(each.name for each in readable)), cells, words=True, kind="settings")


def _far_apart(runs: Sequence[Facts]) -> bool:
    """Tell whether the highest learning rates differ too much for a linear axis: the lower would lie on the floor."""
    highest = [max(rate for _, rate in each.curves.learning_rate) for each in runs if each.curves.learning_rate]
    return bool(highest) and max(highest) > APART * min(highest)


def _value(value: object) -> str:
    """Return a config's value as text: of a list of layers their kinds, of settings one after the other."""
    if isinstance(value, list) and value and all(kind_of(item) for item in value):
        return ", ".join(map(kind_of, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {shown(item)}" for name, item in value.items())
    return "-" if value is None or value == [] else shown(value)


def _results(runs: Sequence[Facts]) -> str:
    head = ("run", "status", "epochs", "validation", "test", "95 % confidence", "training")
    rows = []
    for each in runs:
        row, interval = each.row, each.result.interval if each.result else None
        test = each.result.accuracy if each.result else row.test
        between = f"{100 * interval[0]:.2f} to {100 * interval[1]:.2f} %" if interval else "-"
        spent = "-" if row.seconds is None else duration(row.seconds)
        accuracies = (accuracy(row.best_validation), accuracy(test))
        rows.append((row.name, row.status, f"{row.epochs:g}", *accuracies, between, spent))
    return table(head, rows)
