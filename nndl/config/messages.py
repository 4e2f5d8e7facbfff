"""What is wrong with a config, for the person who wrote it: file:line:column, the line, and what would be right."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from nndl.errors import ConfigError

Path = tuple[str | int, ...]


class Mark(NamedTuple):
    """A place in a text, both counted from 0."""

    line: int
    column: int


class Problem(NamedTuple):
    """One thing that is wrong."""

    path: Path
    words: str
    mark: Mark
    source: str | None = None
    """Where it was written, if not in the file: the text of a --set."""


class ProblemsError(ConfigError):
    """Everything that is wrong with a config, at once, in the order of the file."""

    def __init__(self, source: str, text: str, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems), key=lambda problem: (problem.mark, problem.words))
        lines = text.splitlines()
        shown = [_show(source, lines, problem) for problem in self.problems]
        count = f"{len(shown)} problems in {source}\n" if len(shown) > 1 else ""
        super().__init__(count + "\n".join(shown))


def _show(source: str, lines: Sequence[str], problem: Problem) -> str:
    if problem.source is not None:
        return f"--set {problem.source}: {problem.words}"
    line, column = problem.mark
    head = f"{source}:{line + 1}:{column + 1}: {problem.words}"
    if line >= len(lines) or not lines[line].strip():
        return head
    shown = lines[line].replace("\t", " ")[:160]
    return f"{head}\n    {shown}\n    {' ' * column}^"


def dotted(path: Path) -> str:
    """("model", "layers", 0, "conv") -> "model.layers[0].conv"."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def suggest(word: str, choices: Iterable[str]) -> str:
    """ "; did you mean ...?" or the list of what there is."""
    known = list(choices)
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return (
        f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}" if known else "nothing is known here"
    )
