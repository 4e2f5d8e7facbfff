"""Explanations as data, for programs and for pages."""

from collections.abc import Iterator
from typing import Any

from nndl.explain.notation.latex import as_latex
from nndl.explain.notation.plain import as_plain
from nndl.explain.record import Explanation, Step
from nndl.explain.source import lines_of
from nndl.explain.table import names_of
from nndl.explain.worked import Worked

EXACT = 1e-12
"""The largest relative difference that is rounding."""


def summary_of(explanation: Explanation) -> dict[str, Any]:
    """Return name, title and other names."""
    names = list(dict.fromkeys(names_of(explanation)))
    return {"name": explanation.name, "title": explanation.title, "aliases": list(explanation.aliases), "names": names}


def as_data(worked: Worked) -> dict[str, Any]:
    """Return all that is said of what is explained, the worked example among it."""
    explanation = worked.explanation
    return {
        **summary_of(explanation),
        "summary": explanation.summary,
        "config": explanation.config,
        "given": [{"name": each.name, "shape": each.shape.split(), "says": each.says} for each in explanation.given],
        "forward": [_step(worked, step) for step in explanation.forward],
        "backward": [_step(worked, step) for step in explanation.backward],
        "example": dict(worked.values),
        "results": worked.own,
        "checked": checked(worked),
        "notes": list(explanation.notes),
        "source": [{"function": each.name, "place": each.place} for each in map(lines_of, explanation.functions)],
        "read_on": [{"words": each.words, "url": each.url} for each in explanation.sources],
    }


def checked(worked: Worked) -> dict[str, float]:
    """Return the largest differences: of formulas from NumPy, of both from our functions, of numerical gradients."""
    rows = worked.numerical()
    found = {"formula": worked.formula_difference(), "own": worked.own_difference()}
    return found | ({"numerical": max(row.error for row in rows)} if rows else {})


def verdicts(worked: Worked) -> Iterator[str]:
    """Yield what the formulas were held to, by how much they differ, and in capitals where that is too much."""
    found, rows = checked(worked), worked.numerical()
    names = ", ".join(worked.explanation.main_functions)
    line = f"Each formula, evaluated by its indices, gives what its NumPy line gives: {_to(found['formula'])}."
    yield claim(line, found["formula"] <= EXACT)
    yield claim(f"Both give what {names} give: {_to(found['own'])}.", found["own"] <= EXACT)
    if rows:
        line = "Each gradient, those of values halfway too, is the numerical one of the steps forward: relative error"
        yield claim(f"{line} {found['numerical']:.0e}.", all(row.verdict == "ok" for row in rows))


def claim(words: str, holds: bool) -> str:
    """Return a claim, with what stands before one that does not hold."""
    return words if holds else f"THIS DOES NOT HOLD: {words}"


def _to(difference: float) -> str:
    return f"to {difference:.0e}" if difference else "exactly"


def _step(worked: Worked, step: Step) -> dict[str, Any]:
    variables = worked.explanation.variables
    return {
        "formula": as_plain(step.parsed, variables),
        "latex": as_latex(step.parsed, variables),
        "numpy": step.numpy,
        "why": step.why,
        "value": worked.stages[worked.explanation.steps.index(step)],
    }
