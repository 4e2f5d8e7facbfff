"""An explanation on a terminal: formulas as text, NumPy lines, numbers, sources."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nndl.cli.screen import prose, terminal
from nndl.cli.screen.breaking import broken

if TYPE_CHECKING:
    from nndl.explain.record import Explanation, Step
    from nndl.explain.worked import Worked

NOTATION = (
    ("Σ_", "Σ_nij sums over n, i and j what follows it, up to the next + or −."),
    ("−p", "Beyond its edges an array is 0."),
    (" · [", "[a > b] is 1 where that holds, else 0."),
)
"""Words on the notation, by the sign that calls for them."""


def show(worked: "Worked") -> None:
    """Print the whole explanation with its worked example."""
    from nndl.explain.data import verdicts

    explanation = worked.explanation
    prose.say([(explanation.name, "bold"), (f"  {explanation.title}", None)])
    prose.paragraph(explanation.summary)
    prose.heading("In a config")
    prose.code(explanation.config)
    _given(explanation)
    prose.heading("Forward" if explanation.backward else "The step")
    prose.paragraph(_notation(explanation))
    _steps(worked, explanation.forward, 1)
    if explanation.backward:
        prose.heading("Backward: the chain rule, from the end to the beginning")
        _steps(worked, explanation.backward, 1 + len(explanation.forward))
    _numbers(worked)
    _notes(explanation.notes)
    _sources(explanation)
    prose.heading("Checked just now")
    for line in verdicts(worked):
        prose.paragraph(line)


def show_own(about: Mapping[str, Any], use: str) -> None:
    """Print what a layer of one's own says of itself, and its pair; `use` names its file on a command line."""
    prose.say([(about["name"], "bold"), (f"  a layer of your own, registered at {about['place']}", None)])
    for words in about["words"]:
        prose.paragraph(words)
    prose.heading("Its source")
    for half in about["source"]:
        prose.say([(f"  {half['place']}", "bold")])
        for line in half["lines"]:
            prose.say([(f"    {line}", "cyan")])
        terminal.say()
    terminal.say(f"is its gradient right: nndl gradcheck {about['name']}{use}")
    terminal.say("with the numbers of a batch: nndl explain CONFIG --layer LAYER")


def _notation(explanation: "Explanation") -> str:
    """Return what is to be known to read the formulas."""
    from nndl.explain.notation.plain import as_plain

    text = " ".join(as_plain(step.parsed, explanation.variables) for step in explanation.steps)
    said = ["dv is the gradient of the loss by v, ∂L/∂v."] if explanation.backward or "dw" in text else []
    return " ".join([*said, *(words for sign, words in NOTATION if sign in text)])


def _given(explanation: "Explanation") -> None:
    prose.heading("Shapes")
    rows = [(each.name, each.in_brackets, each.says) for each in explanation.given]
    name, shape = (max(len(row[column]) for row in rows) for column in (0, 1))
    for row in rows:
        prose.wrapped(f"  {row[0]:<{name}}  {row[1]:<{shape}}  ", row[2])


def _steps(worked: "Worked", steps: "Sequence[Step]", first: int) -> None:
    from nndl.explain.notation.plain import as_plain, length

    for number, step in enumerate(steps, first):
        terminal.say()
        formula = as_plain(step.parsed, worked.explanation.variables)
        left = length(formula.partition(" = ")[0])
        for place, line in enumerate(broken(formula, prose.columns() - 4, left + 3)):
            prose.say([(f"{number:>2}  " if not place else "    ", "dim"), (line, "bold")])
        for line in step.numpy.splitlines():
            prose.say([(f"      {line}", "cyan")])
        prose.wrapped("    ", step.why)


def _numbers(worked: "Worked") -> None:
    prose.heading("With numbers, computed as this was printed")
    for each in worked.explanation.given:
        _array(each.name, worked.values[each.name])
    for name, value in worked.explanation.constants.items():
        prose.say([(f"  {name} = {value:g}", None)])
    for step, stage in zip(worked.explanation.steps, worked.stages, strict=True):
        terminal.say()
        prose.by_hand(*worked.follow(step, *worked.place_of(step)))
        if np.size(stage) > 1:
            _array(step.name, worked.plain.get(step.name, stage))


def _array(name: str, value: Any) -> None:
    start = f"  {name} = "
    array = np.asarray(value)
    text = np.array2string(
        array,
        precision=4,
        suppress_small=True,
        max_line_width=prose.columns() - len(start),
        separator=", ",
        threshold=200,
    )
    lines = [line for line in text.splitlines() if line.strip()]
    for place, line in enumerate(lines):
        prose.say([(start if not place else " " * len(start), None), (line, None)])


def _notes(notes: Sequence[str]) -> None:
    if notes:
        prose.heading("Mind")
    for note in notes:
        prose.wrapped("  - ", note)


def _sources(explanation: "Explanation") -> None:
    from nndl.explain.source import lines_of

    prose.heading("Our source")
    for lines in map(lines_of, explanation.functions):
        prose.say([(f"  {lines.place}", "bold")])
        for number, line in enumerate(lines.lines, lines.first):
            _source_line(number, line)
        terminal.say()
    prose.heading("Read on")
    for source in explanation.sources:
        prose.wrapped("  - ", f"{source.words}: {source.url}")


def _source_line(number: int, line: str) -> None:
    """Print a line of code; one longer than the terminal goes on below, further to the right."""
    room = terminal.width() - 7 if terminal.is_terminal() else len(line) + 1
    inset = " " * (len(line) - len(line.lstrip()) + 4)
    parts = textwrap.wrap(line, room, subsequent_indent=inset, break_on_hyphens=False) or [""]
    for place, part in enumerate(parts):
        prose.say([(f"{number:>5}  " if not place else " " * 7, "dim"), (part, "cyan")])
