"""Assignments: untouched they grade as not implemented, with the definitions put in as right."""

import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest

from nndl.check.exercises import EXERCISES
from nndl.check.students.submission import check_folder
from nndl.course.assignment import COURSES, Assignment, assignment, notebook, write_assignment
from nndl.course.rubric import read_rubric
from nndl.course.scoring import scored, total
from nndl.errors import UsageError

ROOT = Path(__file__).parents[2]
OURS = {"layers.py": ("layers", "conv_layers"), "classifiers/fc_net.py": ("fc_net",), "classifiers/cnn.py": ("cnn",)}


def put_in(folder: Path, made: Assignment) -> None:
    """Write our definitions in the place of the stubs."""
    package = folder / made.package
    for name in (
        "conv_layers",
        "conv_layer_utils",
        "fast_layers",
        "im2col",
        "fc_net",
    ):  # what they import of each other
        (package / f"{name}.py").write_text(definition(name, made.package), encoding="utf-8")
    for file in made.files:
        sources = (
            OURS.get(file, (file.removesuffix(".py"),)) if made.package == "cs231n" else (file.removesuffix(".py"),)
        )
        text = "\n".join(definition(name, made.package) for name in sources)
        (package / file).write_text(text, encoding="utf-8")


def definition(name: str, package: str) -> str:
    """Return one of our files, importing from another package."""
    folder = "cs231n" if name == "solver" else "nndl"
    text = (ROOT / folder / f"{name}.py").read_text(encoding="utf-8")
    return re.sub(r"from nndl\b", f"from {package}", text)


def graded(folder: Path, made: Assignment) -> tuple[dict[str, str], tuple[float, float]]:
    """Check an assignment; return the verdicts, and the points of its rubric."""
    records = [outcome.record() for outcome in check_folder(folder / made.package)]
    tests = scored(records, read_rubric(folder / "rubric.yaml"))
    return {test.function: test.verdict for test in tests}, total(tests)


@pytest.mark.parametrize("course", COURSES)
def test_untouched_stubs_are_not_implemented(tmp_path: Path, course: str) -> None:
    made = assignment(course)
    write_assignment(tmp_path / "hw", course)
    verdicts, points = graded(tmp_path / "hw", made)
    assert set(verdicts.values()) == {"not implemented"}
    assert list(verdicts) == [name for task in made.tasks for name in task.names]
    assert points[0] == 0


@pytest.mark.parametrize("course", COURSES)
def test_the_definitions_put_in_have_all_points(tmp_path: Path, course: str) -> None:
    write_assignment(tmp_path / "hw", course)
    put_in(tmp_path / "hw", assignment(course))
    verdicts, points = graded(tmp_path / "hw", assignment(course))
    assert {name: verdict for name, verdict in verdicts.items() if not verdict.startswith("correct")} == {}
    assert points[0] == points[1] > 60


@pytest.mark.parametrize("course", COURSES)
def test_stubs_compute_nothing_and_have_the_arguments_of_the_definitions(tmp_path: Path, course: str) -> None:
    write_assignment(tmp_path / "hw", course)
    for path in (tmp_path / "hw").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert max(map(len, text.splitlines()), default=0) <= 120
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name not in ("__init__", "loss"):
                assert ast.get_docstring(node)
                assert [type(each) for each in node.body[1:]] == [ast.Raise]
            if isinstance(node, ast.BinOp):  # 3 * 32 * 32
                assert isinstance(node.right, ast.Constant)
    assert all(task.name in EXERCISES for task in assignment(course).tasks)
    assert all(set(task.names) <= set(EXERCISES[task.name].functions) for task in assignment(course).tasks)


@pytest.mark.parametrize("course", COURSES)
def test_the_cells_of_the_notebook_run_on_the_definitions(capsys: pytest.CaptureFixture[str], course: str) -> None:
    made = assignment(course)
    book = notebook(made)
    assert json.loads(json.dumps(book))["nbformat"] == 4
    code = [cell["source"] for cell in book["cells"] if cell["cell_type"] == "code"]
    names: dict[str, object] = {}
    for source in code:
        if source.startswith("!"):
            assert source.startswith("!nndl gradcheck ")
            continue
        ours = re.sub(
            rf"from {made.package}\.\w+ import (conv|max_pool|spatial)", r"from nndl.conv_layers import \1", source
        )
        ours = re.sub(rf"from {made.package}\.layers", "from nndl.layers", ours)
        ours = re.sub(rf"from {made.package}\.layer_utils", "from nndl.layer_utils", ours)
        exec(re.sub(r"^%.*$", "", ours, flags=re.MULTILINE), names)
    errors = [float(each) for each in re.findall(r"^d\w+: (\S+)$", capsys.readouterr().out, re.MULTILINE)]
    assert len(errors) >= 18
    assert np.max(errors) < 1e-6


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is there and not empty"):
        write_assignment(tmp_path, "c147")
    with pytest.raises(UsageError, match="--course is cs231n or c147, not 'cs229'"):
        write_assignment(tmp_path / "new", "cs229")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
