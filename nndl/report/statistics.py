"""Charts of what was recorded of weights and activations along the way."""

from nndl.report.gather import Facts
from nndl.report.svg import Line, line_chart, percent_tick
from nndl.runs.curves import Points, plan_of
from nndl.runs.listing import finite
from nndl.runs.metrics import read_metrics

MOST_LINES = 6
"""The most lines that can be told apart in a chart."""


def section(facts: Facts) -> str:
    """Return charts of what `record: {statistics: ...}` kept, or nothing."""
    if not facts.statistics:
        return ""
    per_epoch = plan_of(facts.folder, read_metrics(facts.folder.metrics, steps=False)).steps_per_epoch
    charts = [
        line_chart("Update over weight", _lines(facts, "updates", None, per_epoch), log=True),
        line_chart("Norm of the gradients", _lines(facts, "gradients", None, per_epoch), log=True),
        line_chart("Norm of the weights", _lines(facts, "weights", None, per_epoch), from_zero=True),
        line_chart("Mean of the activations", _lines(facts, "activations", "mean", per_epoch)),
        line_chart(
            "Standard deviation of the activations",
            _lines(facts, "activations", "deviation", per_epoch),
            from_zero=True,
        ),
        line_chart("Activations that are zero", _lines(facts, "activations", "zeros", per_epoch), percent_tick),
    ]
    said = (
        "Update over weight: how far one step moves a layer's weights, as a share of their own size; a thousandth is "
        "usual, far less hardly learns, far more jumps about. "
        "Gradients are those of the last step, with L2 and after clipping. A layer "
        "whose activations are nearly all zero has died."
    )
    return f"<p class=quiet>{said}</p><div class=figures>{''.join(charts)}</div>"


def _lines(facts: Facts, what: str, figure: str | None, per_epoch: float) -> list[Line]:
    """Return a line for each of some layers, evenly chosen from first to last."""
    series: dict[str, Points] = {}
    for record in facts.statistics:
        values = record.get(what)
        for name, value in values.items() if isinstance(values, dict) else ():
            number = finite(value.get(figure) if figure and isinstance(value, dict) else value)
            if number is not None:
                series.setdefault(name, []).append((record["step"] / per_epoch, number))
    names = list(series)
    if what != "activations":
        names = [name for name in names if name.endswith(".w")] or names
    if len(names) > MOST_LINES:
        names = [names[place * (len(names) - 1) // (MOST_LINES - 1)] for place in range(MOST_LINES)]
    return [Line(name, series[name], number) for number, name in enumerate(names, 1)]
