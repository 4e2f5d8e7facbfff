"""Messages for the person who wrote a config: file:line:column, the line, what is wrong and what would be right."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol
from unicodedata import combining, east_asian_width

from nndl.errors import ConfigError

Path = tuple[str | int, ...]

MOST_SHOWN = 20
"""Problems told at once; the rest are counted."""
WIDTH = 120
"""Columns of a line that are shown."""


class Mark(NamedTuple):
    """A place in a text, both counted from 0."""

    line: int
    column: int


class Problem(NamedTuple):
    """A fault of a config."""

    path: Path
    words: str
    mark: Mark
    source: str | None = None
    """The option that has it, if it is not from the file: --set train.epochs=0."""


class Report(Protocol):
    """Takes note of what is wrong at a path: with the value there, or (at_key) with the key itself."""

    def __call__(self, path: Path, words: str, at_key: bool = False) -> None: ...


class ProblemsError(ConfigError):
    """Everything that is wrong with a config, at once, in the order of the file."""

    def __init__(self, source: str, text: str, problems: Iterable[Problem]) -> None:
        once = {(problem.mark, problem.words, problem.source): problem for problem in problems}  # an alias repeats it
        self.problems = sorted(once.values(), key=lambda problem: (problem.mark, problem.words))
        lines = text.splitlines()
        shown = [_show(source, lines, problem) for problem in self.problems[:MOST_SHOWN]]
        count, more = len(self.problems), len(self.problems) - len(shown)
        head = [f"{count} problems in {source}"] if count > 1 else []
        super().__init__("\n".join([*head, *shown, *([f"... and {more} more"] if more else [])]))


def _show(source: str, lines: Sequence[str], problem: Problem) -> str:
    if problem.source is not None:
        return f"{problem.source}: {problem.words}"
    line, column = problem.mark
    head = f"{source}:{line + 1}:{column + 1}: {problem.words}"
    if line >= len(lines) or not lines[line].strip():
        return head
    shown, column = _window("".join(map(_visible, lines[line].rstrip())), column)
    return f"{head}\n    {shown}\n    {' ' * _columns(shown[:column])}^"


def _visible(letter: str) -> str:
    """Return the letter, or what stands for it where a terminal would obey it, as it does escape sequences."""
    return letter if letter.isprintable() else " " if letter == "\t" else "\N{REPLACEMENT CHARACTER}"


def _window(line: str, column: int) -> tuple[str, int]:
    """Cut out the part of a long line around `column`; returns it, and where in it the column is."""
    start = column - WIDTH // 2 if column > WIDTH - 20 else 0
    before, after = "... " if start else "", " ..." if len(line) > start + WIDTH else ""
    return before + line[start : start + WIDTH] + after, column - start + len(before)


def _columns(text: str) -> int:
    """Count the columns a terminal shows `text` in: Chinese characters take two, combining accents none."""
    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def dotted(path: Path) -> str:
    """Write a path as --set takes it: ("model", "layers", 0, "conv") -> "model.layers[0].conv"."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")
