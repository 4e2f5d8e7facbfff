"""Headings, prose and formulas in columns that can be read."""

import textwrap

from nndl.cli.screen import terminal
from nndl.cli.screen.breaking import broken

WIDEST = 100
"""Columns beyond which prose is hard to read."""
USUAL = 80
"""Columns of a terminal."""


def columns() -> int:
    """Return the columns to write in; a pipe leads to a pager as a rule, in a terminal of a width not known here."""
    return min(terminal.width(), WIDEST if terminal.is_terminal() else USUAL)


def heading(words: str) -> None:
    """Print a heading behind an empty line."""
    terminal.say()
    say([(words, "bold underline")])


def code(text: str) -> None:
    """Print lines of code."""
    for line in text.splitlines():
        say([(f"  {line}", "cyan")])


def paragraph(words: str) -> None:
    """Print a paragraph."""
    wrapped("", words)


def wrapped(start: str, words: str) -> None:
    """Print prose behind `start`, its further lines below its first."""
    lines = textwrap.wrap(words, max(30, columns() - len(start)), break_long_words=False, break_on_hyphens=False)
    for place, line in enumerate(lines):
        say([(start if not place else " " * len(start), None), (line, None)])


def say(parts: terminal.Parts) -> None:
    """Print a line; where the terminal has no Greek letters, with names instead."""
    from nndl.explain.notation.plain import in_ascii

    plain = all(terminal.can_print(text) for text, _ in parts)
    terminal.say_styled(parts if plain else [(in_ascii(text), style) for text, style in parts])


def by_hand(formula: str, numbers: str, value: float) -> None:
    """Print one number of a step: the formula at its place, the numbers in it, the value."""
    from nndl.explain.notation.plain import length

    left = length(formula.partition(" = ")[0])
    for line in broken(formula, columns() - 2, left + 3):
        say([(f"  {line}", "bold")])
    indent = " " * (2 + left)
    for line in broken(f"{indent} = {numbers}", columns(), len(indent) + 3):
        say([(line, None)])
    say([(f"{indent} = {value:.6g}", None)])
