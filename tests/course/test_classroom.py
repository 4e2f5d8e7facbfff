"""A class: points, common mistakes, the table."""

import csv
import io

from nndl.check.students.outcome import Finding
from nndl.course.classroom import as_csv, gather
from nndl.course.grading import Graded
from nndl.course.rubric import Item, Rubric
from tests.course.records import WRONG, record

SLOPE = Finding("A15", "the mask is taken from dout", "Look at x.")
CLASS = [
    Graded("alice", "", records=[record("affine_forward"), record("relu_backward")]),
    Graded("bob", "", records=[record("affine_forward", "known mistake", WRONG), record("relu_backward")]),
    Graded(
        "=cmd",
        "",
        records=[record("affine_forward", "known mistake", WRONG), record("relu_backward", "known mistake", SLOPE)],
        notes=["x.py is a link: left out"],
    ),
    Graded("dave", "", broke_off="it holds no Python files"),
]


def test_points_and_the_most_common_mistakes() -> None:
    grades = gather(CLASS, Rubric({"affine_forward": Item(3), "relu_backward": Item(1)}))
    assert [student.points for student in grades.students] == [4, 1, 0, 0]
    assert (grades.mean, grades.median) == (1.25, 0.5)
    assert [(each.id, each.names) for each in grades.mistakes()] == [("A14", ("bob", "=cmd")), ("A15", ("=cmd",))]
    assert grades.students[3].tests[0].verdict == "not reached"


def test_without_a_rubric_all_that_anyone_defines_counts_for_everyone() -> None:
    grades = gather(CLASS, None)
    assert list(grades.rubric.functions) == ["affine_forward", "relu_backward"]
    assert [student.most for student in grades.students] == [2, 2, 2, 2]


def test_the_table_computes_nothing_in_a_spreadsheet() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(gather(CLASS, None)))))
    assert rows[0] == ["name", "score", "of", "affine_forward", "relu_backward", "notes"]
    assert rows[1] == ["alice", "2", "2", "1", "1", ""]
    assert rows[3] == ["'=cmd", "0", "2", "0", "0", "x.py is a link: left out"]
    assert rows[4][-1] == "it holds no Python files"
