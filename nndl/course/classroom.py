"""A class's grades: points of every submission, the mistakes they share, and the table as CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median

from nndl.course.grading import Graded
from nndl.course.rubric import Item, Rubric, known_functions
from nndl.course.scoring import Test, scored, total
from nndl.runs.csv_table import cell


@dataclass(frozen=True)
class Student:
    """A submission with its points."""

    graded: Graded
    tests: list[Test]

    @property
    def points(self) -> float:
        return total(self.tests)[0]

    @property
    def most(self) -> float:
        return total(self.tests)[1]

    @property
    def notes(self) -> list[str]:
        """Everything to be said of the submission as a whole."""
        return [each for each in (self.graded.broke_off, *self.graded.notes) if each]


@dataclass(frozen=True)
class Mistake:
    """A mistake, and who made it."""

    id: str
    title: str
    functions: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Class:
    """All students of a class."""

    rubric: Rubric
    students: list[Student]

    @property
    def mean(self) -> float:
        return mean([each.points for each in self.students] or [0])

    @property
    def median(self) -> float:
        return median([each.points for each in self.students] or [0])

    def mistakes(self) -> list[Mistake]:
        """Return the mistakes of the catalogue by the number of students who made them, the most common first."""
        made: dict[str, tuple[str, dict[str, None], dict[str, None]]] = {}
        for student in self.students:
            for test in student.tests:
                for finding in test.record["findings"] if test.record else ():
                    if finding["id"]:
                        _, functions, names = made.setdefault(finding["id"], (finding["title"], {}, {}))
                        functions[test.function], names[student.graded.name] = None, None
        found = [Mistake(id, title, tuple(where), tuple(who)) for id, (title, where, who) in made.items()]
        return sorted(found, key=lambda each: -len(each.names))


def gather(graded: Sequence[Graded], rubric: Rubric | None) -> Class:
    """Return the class; without a rubric a point for every function that anyone's files define."""
    if rubric is None:
        defined = {record["function"] for each in graded for record in each.records}
        rubric = Rubric({name: Item() for name in known_functions() if name in defined})
    return Class(rubric, [Student(each, scored(each.records, rubric, complete=not each.broke_off)) for each in graded])


def as_csv(grades: Class) -> str:
    """Return a row for each student: points in all, of each function, and what is to be said of the whole."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "score", "of", *grades.rubric.functions, "notes"])
    for student in grades.students:
        points = [f"{test.points:g}" for test in student.tests]
        notes = cell("; ".join(student.notes))
        writer.writerow([cell(student.graded.name), f"{student.points:g}", f"{student.most:g}", *points, notes])
    return text.getvalue()
