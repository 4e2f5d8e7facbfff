"""Pages of students and of the class: all is told, what is hidden is not, nothing is obeyed."""

import re

from nndl.check.students.outcome import Finding
from nndl.course.classroom import gather
from nndl.course.grading import Graded
from nndl.course.pages import class_page, page_name, student_page
from nndl.course.rubric import Item, Rubric
from tests.course.records import WRONG, record

ODD = Finding("", "<script>alert(1)</script>", "a\x1b[2Jb", "out[0]: 1", "")
ITEMS = {"affine_forward": Item(3), "relu_forward": Item(2), "relu_backward": Item(5, "hidden"), "adam": Item(1)}
RUBRIC = Rubric(ITEMS, "Two & a half")
BOB = Graded(
    "<b>bob</b>",
    "",
    records=[
        record("affine_forward", "known mistake", WRONG, printed="debug <i>"),
        record("relu_forward", "crashed", ODD, traceback=("layers.py:3 in relu_forward: 1 / 0",)),
        record("relu_backward", "known mistake", Finding("A15", "a secret mistake", "x")),
    ],
    notes=["x.py is a link: left out"],
)
CLASS = gather([BOB, Graded("eve", "", broke_off="it is a link")], RUBRIC)


def text(page: str) -> str:
    """Return a page's text without its markup."""
    return " ".join(re.sub("<[^>]*>", " ", page.partition("<body>")[2]).split())


def test_a_student_sees_what_is_shown_and_no_more() -> None:
    page = student_page(CLASS.students[0], RUBRIC.title)
    told = text(page)
    for words in (
        "Two &amp; a half",
        "0 of 6",
        "A14 the bias is left out. Look at &lt;b&gt; &amp; the sum.",
        "debug &lt;i&gt;",
    ):
        assert words in told
    for words in (
        "First seen: out[0, 1]: 2, should be 3",
        "layers.py:3 in relu_forward: 1 / 0",
        "No file defines adam.",
    ):
        assert words in told
    assert "1 more function is graded and not shown here." in told
    assert "x.py is a link: left out" in told
    assert "relu_backward" not in page
    assert "secret" not in page


def test_what_is_said_of_several_functions_is_said_once() -> None:
    broken = Graded("carl", "", records=[record("", "crashed", Finding("", "the file cannot be read", "Line 3."))])
    told = text(student_page(gather([broken], RUBRIC).students[0]))
    assert told.count("the file cannot be read") == 1
    assert "affine_forward , relu_forward , adam not checked" in told


def test_nothing_of_a_submission_is_obeyed() -> None:
    pages = student_page(CLASS.students[0]) + class_page(CLASS)
    assert "<script" not in pages
    assert "<b>bob" not in pages
    assert "\x1b" not in pages
    assert "default-src 'none'" in pages


def test_the_class_sees_all() -> None:
    page = class_page(CLASS)
    told = text(page)
    for words in (
        "0.0 of 11",
        "submissions 2",
        "A14 the bias is left out",
        "A15 a secret mistake",
        "relu_backward (hidden)",
    ):
        assert words in told
    assert "To look at yourself" in told
    assert "eve it is a link" in told
    assert f'href="{page_name("<b>bob</b>")}"' in page


def test_an_empty_class_has_a_page() -> None:
    assert "0.0 of 0" in text(class_page(gather([], None)))
