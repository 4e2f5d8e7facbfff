"""A class graded: none stops the others, and nothing is done twice."""

from pathlib import Path

import pytest

from nndl.course import grading as module
from nndl.course.checking import Checked
from nndl.course.grading import Graded, Grading, file_name
from nndl.course.submissions import Taken, submissions
from nndl.course.watching import Bounds
from tests.course.homework import RIGHT, WRONG, hand_in
from tests.course.records import record


def run(folder: Path, **options: object) -> dict[str, Graded]:
    """Grade all submissions of a folder."""
    grading = Grading(folder / "grades", **options)  # type: ignore[arg-type]
    return {each.name: each for each in grading.run(submissions([folder / "hw" / "*"]), jobs=2)}


def test_one_bad_submission_stops_no_other(tmp_path: Path) -> None:
    hand_in(tmp_path / "hw" / "right")
    hand_in(tmp_path / "hw" / "wrong", WRONG)
    hand_in(tmp_path / "hw" / "dies", "import os\nos._exit(1)\n" + RIGHT)
    (tmp_path / "hw" / "empty").mkdir()
    found = run(tmp_path)
    passed = {name: [each["passed"] for each in graded.records] for name, graded in found.items()}
    assert passed == {"right": [True, True], "wrong": [True, False], "dies": [False], "empty": []}
    assert found["empty"].broke_off == "it holds no Python files"


def test_files_of_other_functions_are_told(tmp_path: Path) -> None:
    hand_in(tmp_path / "hw" / "eve", "def my_relu(x):\n    return x\n", "mine.py")
    eve = run(tmp_path)["eve"]
    assert (eve.records, eve.notes) == ([], ["none of its files holds a function that the courses know"])


def test_definitions_that_are_borrowed_are_told(tmp_path: Path) -> None:
    hand_in(tmp_path / "hw" / "eve", "from nndl.layers import relu_forward as ours\n\nrelu_forward = ours\n", "mine.py")
    eve = run(tmp_path)["eve"]
    assert eve.records[0]["passed"] is True
    assert eve.notes == ["mine.py imports nndl.layers, which is not handed in: ours stood in for it"]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the check of a submission by one that notes which it is asked for."""
    asked: list[str] = []

    def check(taken: Taken, *_: object) -> Checked:
        text = next(iter(taken.files.values())).decode()
        asked.append(text)
        if "boom" in text:
            raise RuntimeError("a fault of the grader itself")
        return Checked([record("relu_forward")], "interrupted" if "slow" in text else "")

    monkeypatch.setattr(module, "check", check)
    return asked


def test_what_is_unchanged_is_not_checked_again(tmp_path: Path, counted: list[str]) -> None:
    for name in ("a", "b", "slow", "boom"):
        hand_in(tmp_path / "hw" / name, f"# {name}\n")
    first = run(tmp_path)
    assert first["boom"].broke_off == "the grader failed: RuntimeError: a fault of the grader itself"
    assert len(counted) == 4
    counted.clear()
    hand_in(tmp_path / "hw" / "b", "# b, mended\n")
    second = run(tmp_path)
    assert sorted(counted) == ["# b, mended\n", "# boom\n", "# slow\n"]
    assert (second["a"].again, second["a"].records[0]["function"]) == (True, "relu_forward")
    counted.clear()
    run(tmp_path, bounds=Bounds(seconds=20))
    run(tmp_path, afresh=True, bounds=Bounds(seconds=20))
    assert len(counted) == 8


@pytest.mark.parametrize("state", ["", "{", "[]", '{"name": "a", "path": "a", "key": "old"}', '{"other": 1}'])
def test_a_state_that_is_damaged_is_made_anew(tmp_path: Path, counted: list[str], state: str) -> None:
    hand_in(tmp_path / "hw" / "a", "# a\n")
    run(tmp_path)
    (tmp_path / "grades" / "a.json").write_text(state)
    assert run(tmp_path)["a"].again is False
    assert len(counted) == 2


@pytest.mark.parametrize("name", ["a/b", "..", "index", "con", "x" * 300, "=1+1", "a b", "\\x1b"])
def test_names_become_files_of_their_own(name: str) -> None:
    made = file_name(name)
    assert made not in ("index", "con", "..", name)
    assert not set(made) & set("/\\:=")
    assert len(made) < 100
    assert file_name("alice-2") == "alice-2"
