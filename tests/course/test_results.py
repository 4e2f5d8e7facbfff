"""Results for other programs: Gradescope's JSON, JUnit's XML."""

import json
from pathlib import Path
from xml.etree import ElementTree

from nndl.check.students.outcome import Finding
from nndl.course.results import CUT_SHORT, Results, gradescope
from nndl.course.rubric import Item, Rubric
from tests.course.records import WRONG, record

RUBRIC = Rubric({"affine_forward": Item(4), "affine_backward": Item(6, "hidden"), "adam": Item(2), "sgd": Item(1)})
RECORDS = [record("affine_forward"), record("affine_backward", "known mistake", WRONG), record("sgd", "timed out")]


def test_gradescope_has_score_visibility_and_output_of_each(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    Results(RUBRIC, gradescope=file).write(RECORDS, complete=True)
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["output"] == "1 of 4 functions are right."
    assert "score" not in found  # Gradescope adds up those of the tests
    first, second, third, _ = found["tests"]
    assert (first["score"], first["max_score"], first["status"], first["visibility"]) == (4, 4, "passed", "visible")
    assert (second["score"], second["max_score"], second["status"], second["visibility"]) == (0, 6, "failed", "hidden")
    assert "the bias is left out. Look at <b> & the sum." in second["output"]
    assert third["output"] == "No file defines adam."


def test_what_was_found_before_the_end_stands_there(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    results = Results(RUBRIC, gradescope=file)
    results.write([])
    assert {each["output"] for each in json.loads(file.read_text())["tests"]} == {
        "The check has not come to this function."
    }
    results.write(RECORDS[:1])
    found = json.loads(file.read_text())
    assert found["output"] == CUT_SHORT
    assert [each["score"] for each in found["tests"]] == [4, 0, 0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_gradescope_gets_a_test_even_where_nothing_is_found() -> None:
    (only,) = gradescope([], 0.0, "nowhere.py is not a Python file")["tests"]
    assert (only["score"], only["output"]) == (0, "nowhere.py is not a Python file")


def test_junit_tells_failures_from_errors(tmp_path: Path) -> None:
    file = tmp_path / "junit.xml"
    odd = Finding("", "a\x00b", 'says "<&>" \ufffe\ud800', "")
    Results(RUBRIC, junit=file).write([*RECORDS[:2], record("sgd", "crashed", odd)], complete=True)
    suite = ElementTree.parse(file).getroot()[0]
    assert {name: suite.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "4",
        "failures": "1",
        "errors": "2",
    }
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert cases["affine_forward"].find("failure") is None
    assert cases["affine_forward"].get("classname") == "layers"
    failure = cases["affine_backward"].find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == (
        "known mistake",
        "the bias is left out. Look at <b> & the sum.",
    )
    error = cases["sgd"].find("error")
    assert error is not None
    assert 'a\\x00b. says "<&>" ?\\ud800' in (error.text or "")
    assert [case.get("name") for case in suite.iter("testcase") if case.find("error") is not None] == ["adam", "sgd"]


def test_junit_is_not_green_where_the_check_broke_off(tmp_path: Path) -> None:
    file = tmp_path / "junit.xml"
    Results(junit=file).write(RECORDS[:1], complete=True, words="the grader failed: <it>")
    suite = ElementTree.parse(file).getroot()[0]
    assert (suite.get("tests"), suite.get("errors")) == ("2", "1")
    (error,) = suite.iter("error")
    assert error.get("message") == "the grader failed: <it>"
    Results(junit=file).write(RECORDS[:1], complete=True)
    assert list(ElementTree.parse(file).getroot().iter("error")) == []
