"""Several runs: their curves over each other, their results, and what differs in their configs."""

from collections.abc import Callable, Mapping, Sequence

from nndl.report.document import sections
from nndl.report.escape import escape
from nndl.report.gather import Facts
from nndl.report.parts import table
from nndl.report.svg import Line, line_chart, percent_tick
from nndl.runs.comparing import changed, spread
from nndl.runs.curves import Curves, about_means
from nndl.runs.differences import kind_of, shown
from nndl.runs.listing import in_short
from nndl.runs.sets import Bundle, labels, names, one_line
from nndl.runs.shares import between, percent, plus_minus
from nndl.train.intervals import duration

COLOURS = 12
"""Lines that style.css tells apart: six colours, each with two patterns of dashes."""
APART = 20
"""Learning rates that differ by more stand on a logarithmic axis."""


def several(runs: Sequence[Facts], found: Sequence[Bundle], one: Callable[[Facts, int], str]) -> str:
    """Return overlaid curves, a table of results, what differs; then each run folded, as `one` shows it.

    The curves of a bundle of several are their means, in a band.
    """
    drawn = _drawn(runs, found)
    named = (
        ("Results", _results(runs, found)),
        ("Learning", _learning(drawn)),
        ("What differs", _differing(runs)),
        ("Each run", "".join(_folded(each, one) for each in runs)),
    )
    return _synthetic(runs) + sections(named)


def _folded(facts: Facts, one: Callable[[Facts, int], str]) -> str:
    return f"<details class=run><summary>{escape(facts.name)}</summary>{one(facts, 3)}</details>"


def _synthetic(runs: Sequence[Facts]) -> str:
    """Return the note that some images, or all, are generated."""
    names = [each.name for each in runs if each.row.on_synthetic]
    if not names:
        return ""
    whose = "" if len(names) == len(runs) else f" of {', '.join(names)}"
    words = f"The images{whose} are SYNTHETIC: patterns drawn by the program, not photographs."
    return f"<p class=note>{escape(words)}</p>"


def _drawn(runs: Sequence[Facts], found: Sequence[Bundle]) -> list[Curves]:
    """Return the curves of each bundle, by the runs' names where each is of one run."""
    of = {each.row.folder: each for each in runs}
    if all(len(bundle.rows) == 1 for bundle in found):
        names = [f"{each.name}{' (SYNTHETIC)' if each.row.on_synthetic else ''}" for each in runs]
    else:
        names = labels(found)
    return [
        one_line(bundle, name, [of[row.folder].curves for row in bundle.drawn])
        for bundle, name in zip(found, names, strict=True)
    ]


def _learning(drawn: Sequence[Curves]) -> str:
    def lines(attribute: str, dots: bool = False) -> list[Line]:
        return [
            Line(
                each.name,
                getattr(each, attribute),
                place % COLOURS + 1,
                dots=dots,
                band=each.bands.get(attribute, ()),
            )
            for place, each in enumerate(drawn)
        ]

    charts = (
        line_chart("Training loss", lines("smooth_loss")),
        line_chart("Validation accuracy", lines("validation_accuracy", dots=True), percent_tick),
        line_chart("Validation loss", lines("validation_loss", dots=True)),
        line_chart("Accuracy on a training sample", lines("train_accuracy", dots=True), percent_tick),
        line_chart("Learning rate", lines("learning_rate"), log=_far_apart(drawn)),
        line_chart("Images a second", lines("images_per_second"), from_zero=True),
    )
    means = about_means(drawn)
    above = f"<p class=quiet>{means[:1].upper()}{means[1:]}.</p>" if means else ""
    return f"{above}<div class=figures>{''.join(charts)}</div>"


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


def _far_apart(drawn: Sequence[Curves]) -> bool:
    """Tell whether the highest learning rates differ too much for a linear axis: the lower would lie on the floor."""
    highest = [max(rate for _, rate in each.learning_rate) for each in drawn if each.learning_rate]
    return bool(highest) and max(highest) > APART * min(highest)


def _value(value: object) -> str:
    """Return a config's value as text: of a list of layers their kinds, of settings one after the other."""
    if isinstance(value, list) and value and all(kind_of(item) for item in value):
        return ", ".join(map(kind_of, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {shown(item)}" for name, item in value.items())
    return "-" if value is None or value == [] else shown(value)


def _results(runs: Sequence[Facts], found: Sequence[Bundle]) -> str:
    head = ("run", "status", "images", "epochs", "validation", "test", "95 % confidence", "training")
    rows: list[tuple[str, ...]] = []
    for each in runs:
        row, interval = each.row, each.result.interval if each.result else None
        test = each.result.accuracy if each.result else row.test
        certain = f"{between(interval)} %" if interval else "-"
        spent = "-" if row.seconds is None else duration(row.seconds)
        accuracies = (percent(row.best_validation), percent(test))
        rows.append((row.name, row.status, row.images, in_short(row.epochs), *accuracies, certain, spent))
    rows += [_mean(bundle, name) for bundle, name in zip(found, names(found), strict=True) if len(bundle.rows) > 1]
    left_out = "".join(f"<p class=quiet>{escape(bundle.left_out)}</p>" for bundle in found if bundle.left_out)
    return table(head, rows) + left_out


def _mean(bundle: Bundle, name: str) -> tuple[str, ...]:
    """Return the row of a bundle: mean and standard deviation of its runs."""
    validation, test = (
        spread([getattr(row, figure) for row in bundle.drawn]) for figure in ("best_validation", "test")
    )
    seconds = spread([row.seconds for row in bundle.drawn]).mean
    spent = "-" if seconds is None else duration(seconds)
    return (f"{name}: mean", bundle.seeds, "", "", plus_minus(validation), plus_minus(test), "", spent)
