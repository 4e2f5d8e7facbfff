"""Points: for what is right, and what is said of the rest."""

from nndl.check.students.outcome import Finding
from nndl.course.rubric import Item, Rubric
from nndl.course.scoring import scored, told, total
from tests.course.records import WRONG, record

RUBRIC = Rubric({"affine_forward": Item(4), "affine_backward": Item(6, "hidden"), "adam": Item(2)})


def test_right_functions_have_their_points_and_others_none() -> None:
    records = [record("affine_forward", "correct with notes"), record("affine_backward", "known mistake", WRONG)]
    tests = scored([*records, record("relu_forward")], RUBRIC)
    assert [(each.function, each.points, each.verdict) for each in tests] == [
        ("affine_forward", 4, "correct with notes"),
        ("affine_backward", 0, "known mistake"),
        ("adam", 0, "not found"),
    ]
    assert total(tests) == (4, 12)


def test_without_a_rubric_each_function_counts_once() -> None:
    records = [record("relu_forward"), record("", "crashed", file="optim.py"), record("relu_backward", "timed out")]
    assert [(each.function, each.points) for each in scored(records)] == [("relu_forward", 1), ("relu_backward", 0)]


def test_what_is_missing_is_told_apart() -> None:
    broken = record("", "crashed", Finding("", "SyntaxError: invalid syntax", ""), file="nndl/optim.py")
    states = [
        scored([], RUBRIC, complete=False),
        scored([broken], RUBRIC, complete=False),
        scored([broken], RUBRIC),
        scored([], RUBRIC),
    ]
    verdicts = [each[2].verdict for each in states]
    assert verdicts == ["not reached", "not reached", "not checked", "not found"]
    assert states[2][2].output == "optim.py: crashed\nSyntaxError: invalid syntax."


def test_of_two_definitions_the_first_counts_and_the_other_is_named() -> None:
    twice = [record("adam", "known mistake", WRONG, file="a/optim.py"), record("adam", file="a/solution.py")]
    adam = scored(twice, RUBRIC)[2]
    assert adam.points == 0
    assert adam.output.endswith("It is defined in solution.py, too: that of optim.py counts.")


def test_all_that_is_known_is_told_and_nothing_is_obeyed() -> None:
    crashed = record("adam", "crashed", WRONG, traceback=("optim.py:3 in adam: x\x1b[2J",), printed="here\nthere")
    assert told(crashed).splitlines() == [
        "crashed",
        "the bias is left out. Look at <b> & the sum.",
        "  first seen: out[0, 1]: 2, should be 3",
        "  optim.py:3 in adam: x\\x1b[2J",
        "It printed:",
        "  here",
        "  there",
    ]
