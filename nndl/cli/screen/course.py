"""A class's grades, as nndl course grade shows them."""

from pathlib import Path

from nndl.cli.screen import terminal
from nndl.cli.screen.counts import count_of
from nndl.course.classroom import Class
from nndl.course.grading import Graded

MOST_NOTES = 2
"""Files left out of a submission that its line tells of; all are in the table and on its page."""


def line(graded: Graded, number: int, of: int) -> str:
    """Say of a submission, the `number`th of so many, how much of it is right."""
    right = sum(record["passed"] for record in graded.records)
    said = f"{right} of {len(graded.records)} functions right"
    said += "".join(f"; {each}" for each in (graded.broke_off, *graded.notes[:MOST_NOTES]) if each)
    how = "unchanged" if graded.again else f"{graded.seconds:.1f} s"
    return f"{number:>4} of {of}  {graded.name}: {said} ({how})"


def show(grades: Class, output: Path, page: Path, *, json: bool, most_common: int) -> None:
    """Print the most common mistakes, the class's figures and where they are written; or all of it as JSON."""
    most = sum(item.points for item in grades.rubric.functions.values())
    if json:
        rows = [
            {"name": each.graded.name, "score": each.points, "of": each.most, "notes": each.notes}
            for each in grades.students
        ]
        terminal.emit_json({"file": str(output), "page": str(page), "mean": grades.mean, "of": most, "students": rows})
        return
    for mistake in grades.mistakes()[:most_common]:
        terminal.say(f"  {len(mistake.names):>4} x {mistake.id} {mistake.title} ({', '.join(mistake.functions)})")
    figures = f"mean {grades.mean:.1f} of {most:g}, median {grades.median:g}"
    terminal.say(f"{count_of(len(grades.students), 'submission')}, {figures}: {output}, {page}")
