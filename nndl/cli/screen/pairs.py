"""Sets of runs beside each other, pair by pair: of the same seeds, or of the same folds."""

from collections.abc import Sequence
from pathlib import Path

from nndl.cli.screen import terminal
from nndl.runs.pairing import Paired
from nndl.runs.sets import Bundle
from nndl.runs.shares import percent, points

FOLDS = "folds share training images: the interval is widened for that (Nadeau and Bengio)"
SEEDS = "the interval takes the differences for independent and normally distributed (Student's t)"


def show(one: Bundle, other: Bundle, figures: Sequence[Paired]) -> None:
    """Print each figure of two sets pair by pair, and below it the mean difference with its interval."""
    names = [Path(bundle.folder).name for bundle in (one, other)]
    for each in figures:
        rows = [(pair.name, percent(pair.one), percent(pair.other), points(pair.difference)) for pair in each.pairs]
        terminal.print_table((each.figure, *names, "difference"), rows)
        terminal.say_words(f"{_in_words(each, names)}\n")
    terminal.note(FOLDS if figures[0].kind == "folds" else SEEDS)


def _in_words(figure: Paired, names: Sequence[str]) -> str:
    count = len(figure.pairs)
    over = f"over {count} {figure.kind if count > 1 else figure.kind.removesuffix('s')}"
    words = f"{names[1]} is {points(figure.mean)} points from {names[0]} on average {over}"
    if figure.interval is None:
        return f"{words}; one pair says nothing of chance"
    low, high = figure.interval
    verdict = "chance alone may make as much" if low <= 0 <= high else "more than chance is likely to make"
    return f"{words}, 95 % confidence {points(low)} to {points(high)}: {verdict}"
