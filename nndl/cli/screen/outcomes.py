"""The outcomes of a student's functions on the terminal."""

from collections.abc import Sequence
from typing import Any

from nndl.cli.screen import terminal
from nndl.cli.screen.counts import count_of

STYLES = {"correct": "green", "correct with notes": "green", "not implemented": "yellow"}


def show_outcome(record: dict[str, Any], file: str = "") -> None:
    """Show a line for a function, and below it what is to be said of it."""
    name = record["function"] or "the file"
    where = f"{file}: " if file else ""
    terminal.say_styled([(f"{where}{name}  ", None), (record["verdict"], STYLES.get(record["verdict"], "red"))])
    for finding in record["findings"]:
        _show_finding(finding)
    for finding in record["notes"]:
        _show_finding(finding, "note: ")
    for line in record["traceback"]:
        terminal.say(f"    {line}")


def _show_finding(finding: dict[str, Any], before: str = "") -> None:
    mark = f"{finding['id']} " if finding["id"] else ""
    terminal.say_words(f"  {before}{mark}{finding['title']}. {finding['says']}")
    if finding["place"] and finding["place"] not in finding["says"]:
        terminal.say_words(f"    first seen: {finding['place']}")
    for line in finding["solution"].splitlines():
        terminal.say(f"    {line}")


def summary(records: Sequence[dict[str, Any]]) -> str:
    """Return one line: how many functions, and how many of each verdict."""
    counts: dict[str, int] = {}
    for record in records:
        counts[record["verdict"]] = counts.get(record["verdict"], 0) + 1
    return f"{count_of(len(records), 'function')}: " + ", ".join(
        f"{count} {verdict}" for verdict, count in counts.items()
    )


def show_score(score: dict[str, Any]) -> None:
    """Show the points of a rubric: of functions that were not found, too."""
    for row in score["points"]:
        if row["points"] < row["of"]:
            terminal.say(f"  {row['function']}: {row['points']:g} of {row['of']:g}, {row['verdict']}")
    terminal.say(f"score: {score['score']:g} of {score['of']:g}")
