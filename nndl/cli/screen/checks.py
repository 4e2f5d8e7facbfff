"""Checks of a config on the terminal: each as it is done, under them the one that is under way."""

import textwrap
from collections.abc import Sequence

from nndl.check.trials.before import Checked
from nndl.cli.screen import terminal
from nndl.cli.screen.terminal import Parts
from nndl.train.intervals import duration

STYLES = {"ok": "green", "FAILED": "red", "undecided": "yellow"}
VERDICT, NAME = 9, 28
"""Columns of the first two, each with two blanks behind it."""
LEAST = 36
"""Columns that words need beside them; else they stand below."""


class Shown:
    """The checks so far."""

    def __init__(self, *, silent: bool) -> None:
        self._silent, self._doing = silent, ""
        redraws = not silent and terminal.can_redraw()
        self._lines = terminal.LiveLines(lambda width: [[(self._doing[:width], "cyan")]]) if redraws else None

    def say(self, words: str) -> None:
        """Show what is under way, where that can be drawn over."""
        self._doing = f"... {words}"

    def add(self, checked: Checked) -> None:
        """Show a check that is done."""
        for line in [] if self._silent else rows(checked, terminal.width()):
            if self._lines:
                self._lines.above(line)
            else:
                terminal.say_styled(line)

    def __enter__(self) -> "Shown":
        if self._lines:
            self._lines.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._lines:
            self._lines.__exit__(*error)


def rows(checked: Checked, width: int) -> list[Parts]:
    """Return the lines of a check: verdict, name and words beside each other, or the words below."""
    indent = VERDICT + NAME + 4
    beside = width - indent >= LEAST
    indent = indent if beside else VERDICT + 2
    words = textwrap.wrap(checked.says, width - indent, break_long_words=False, break_on_hyphens=False)
    if checked.cure:
        words += textwrap.wrap(f"what to try: {checked.cure}", width - indent, break_on_hyphens=False)
    verdict: tuple[str, str | None] = (f"{checked.verdict:<{VERDICT}}  ", STYLES.get(checked.verdict))
    first = f"{checked.name:<{NAME}}  {words[0]}" if beside else checked.name
    return [[verdict, (first, None)], *([(" " * indent + line, None)] for line in words[1 if beside else 0 :])]


def summary(found: Sequence[Checked]) -> str:
    """Say in a line how many checks there were, and how they came out."""
    counts = {verdict: sum(each.verdict == verdict for each in found) for verdict in ("FAILED", "undecided")}
    bad = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return f"{len(found)} checks in {duration(sum(each.seconds for each in found))}: {bad or 'all right'}"
