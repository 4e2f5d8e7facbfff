"""An explanation on a terminal: formulas as text, NumPy lines, numbers, sources."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nndl.cli.screen import terminal

if TYPE_CHECKING:
    from nndl.explain.record import Explanation, Step
    from nndl.explain.worked import Worked

WIDEST = 100
"""Columns beyond which prose is hard to read."""
NOTATION = (
    "dv is the gradient of the loss by v, ∂L/∂v. Σ_nij sums over n, i and j what follows it, up to the next + or −. "
    "Beyond its edges an array is 0; [a > b] is 1 where that holds, else 0."
)


def show(worked: "Worked") -> None:
    """Print the whole explanation with its worked example."""
    explanation = worked.explanation
    _say([(explanation.name, "bold"), (f"  {explanation.title}", None)])
    _prose(explanation.summary)
    _heading("In a config")
    _code(explanation.config)
    _given(explanation)
    _heading("Forward" if explanation.backward else "The step")
    _prose(NOTATION)
    _steps(worked, explanation.forward, 1)
    if explanation.backward:
        _heading("Backward: the chain rule, from the end to the beginning")
        _steps(worked, explanation.backward, 1 + len(explanation.forward))
    _numbers(worked)
    _notes(explanation.notes)
    _sources(explanation)
    _heading("Checked just now")
    for line in verdicts(worked):
        _prose(line)


def verdicts(worked: "Worked") -> Iterable[str]:
    """Yield what the formulas were held to, and by how much they differ."""
    from nndl.explain.data import checked

    found = checked(worked)
    yield f"Each formula, evaluated by its indices, gives what its NumPy line gives: {_to(found['formula'])}."
    names = ", ".join(worked.explanation.main_functions)
    yield f"Both give what {names} give: {_to(found['own'])}."
    if "numerical" in found:
        error = f"relative error {found['numerical']:.0e}"
        yield f"Each gradient, those of values halfway too, is the numerical one of the steps forward: {error}."


def _to(difference: float) -> str:
    return f"to {difference:.0e}" if difference else "exactly"


def _given(explanation: "Explanation") -> None:
    _heading("Shapes")
    rows = [(each.name, in_brackets(each.shape), each.says) for each in explanation.given]
    name, shape = (max(len(row[column]) for row in rows) for column in (0, 1))
    for row in rows:
        _wrapped(f"  {row[0]:<{name}}  {row[1]:<{shape}}  ", row[2])


def in_brackets(shape: str) -> str:
    """Return "N C H_out" as it is written: (N, C, H')."""
    sizes = [size.replace("_out", "'") for size in shape.split()]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def _steps(worked: "Worked", steps: "Sequence[Step]", first: int) -> None:
    from nndl.explain.notation.plain import as_plain

    for number, step in enumerate(steps, first):
        terminal.say()
        formula = as_plain(step.parsed, worked.explanation.variables)
        for place, line in enumerate(broken(formula, _columns() - 4)):
            _say([(f"{number:>2}  " if not place else "    ", "dim"), (line, "bold")])
        for line in step.numpy.splitlines():
            _say([(f"      {line}", "cyan")])
        _wrapped("    ", step.why)


def _numbers(worked: "Worked") -> None:
    _heading("With numbers, computed as this was printed")
    for each in worked.explanation.given:
        _array(each.name, worked.values[each.name])
    for name, value in worked.explanation.constants.items():
        _say([(f"  {name} = {value:g}", None)])
    for step, stage in zip(worked.explanation.steps, worked.stages, strict=True):
        terminal.say()
        _followed(worked, step)
        if np.size(stage) > 1:
            _array(step.name, worked.plain.get(step.name, stage))


def _followed(worked: "Worked", step: "Step") -> None:
    """Print one number of a step: the formula at its place, the numbers in it, the value."""
    place, at = worked.place_of(step)
    formula, numbers, value = worked.follow(step, place, at)
    name, right = formula.split(" = ", 1)
    for line in broken(f"{name} = {right}", _columns() - 2):
        _say([(f"  {line}", "bold")])
    indent = " " * (2 + len(name))
    for line in broken(f"{indent} = {numbers}", _columns(), len(indent) + 3):
        _say([(line, None)])
    _say([(f"{indent} = {value:.6g}", None)])


def _array(name: str, value: Any) -> None:
    start = f"  {name} = "
    array = np.asarray(value)
    text = np.array2string(
        array, precision=4, suppress_small=True, max_line_width=_columns() - len(start), separator=", ", threshold=200
    )
    lines = [line for line in text.splitlines() if line.strip()]
    for place, line in enumerate(lines):
        _say([(start if not place else " " * len(start), None), (line, None)])


def _notes(notes: Sequence[str]) -> None:
    if notes:
        _heading("Mind")
    for note in notes:
        _wrapped("  - ", note)


def _sources(explanation: "Explanation") -> None:
    from nndl.explain.source import lines_of

    _heading("Our source")
    for lines in map(lines_of, explanation.functions):
        _say([(f"  {lines.place}", "bold")])
        for number, line in enumerate(lines.lines, lines.first):
            _say([(f"{number:>5}  ", "dim"), (line, "cyan")])
        terminal.say()
    _heading("Read on")
    for source in explanation.sources:
        _wrapped("  - ", f"{source.words}: {source.url}")


def broken(formula: str, width: int, indent: int = 8) -> list[str]:
    """Return a formula in lines of at most `width`, broken before + and −, or else before another sign."""
    lines, rest = [], formula
    while len(rest) > width:
        cuts = [rest.rfind(sign, indent + 1, width) for sign in (" + ", " − ", " · ", ", ", " ")]
        cut = max(cuts[:2]) if max(cuts[:2]) > width // 2 else max(cuts)
        if cut <= indent:
            break
        lines.append(rest[:cut].rstrip())
        rest = " " * indent + rest[cut:].strip()
    return [*lines, rest]


def _columns() -> int:
    return min(terminal.width(), WIDEST)


def _heading(words: str) -> None:
    terminal.say()
    _say([(words, "bold underline")])


def _code(text: str) -> None:
    for line in text.splitlines():
        _say([(f"  {line}", "cyan")])


def _prose(words: str) -> None:
    _wrapped("", words)


def _wrapped(start: str, words: str) -> None:
    """Print prose behind `start`, its further lines below its first."""
    lines = textwrap.wrap(words, max(30, _columns() - len(start)), break_long_words=False, break_on_hyphens=False)
    for place, line in enumerate(lines):
        _say([(start if not place else " " * len(start), None), (line, None)])


def _say(parts: terminal.Parts) -> None:
    from nndl.explain.notation.plain import in_ascii

    plain = all(terminal.can_print(text) for text, _ in parts)
    terminal.say_styled(parts if plain else [(in_ascii(text), style) for text, style in parts])
