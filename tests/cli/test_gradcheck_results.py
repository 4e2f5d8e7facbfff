"""nndl gradcheck --file with a rubric, and results for other programs."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command import environment, nndl

RIGHT = "def {0}(x, w, b):\n    return x.reshape(len(x), -1) @ w + b, (x, w, b)\n"
WRONG = "def relu_forward(x):\n    return x * (x > 1), x\n"
LOOP = "def softmax_loss(x, y):\n    while True:\n        pass\n"


def test_a_rubric_decides_what_counts(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(RIGHT.format("affine_forward") + WRONG)
    (tmp_path / "r.yaml").write_text("functions: {affine_forward: 3}")
    words = ("gradcheck", "--file", "mine.py", "--rubric", "r.yaml")
    done = nndl(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr  # the wrong function is not in the rubric
    assert done.stdout.endswith("score: 3 of 3\n")
    (tmp_path / "r.yaml").write_text("functions: {affine_forward: 3, relu_forward: 1, adam: 2}")
    found = nndl(*words, "--junit", "j.xml", "--gradescope", "results.json", "--json", cwd=tmp_path)
    told = json.loads(found.stdout)
    assert found.returncode == 1
    assert (told["passed"], told["score"], told["of"]) == (False, 3, 6)
    assert [each["verdict"] for each in told["points"]] == ["correct", "unknown mistake", "not found"]
    tests = json.loads((tmp_path / "results.json").read_text())["tests"]
    assert [each["score"] for each in tests] == [3, 0, 0]
    assert '<testcase classname="mine" name="affine_forward"' in (tmp_path / "j.xml").read_text()


def test_results_survive_a_check_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(RIGHT.format("affine_forward") + LOOP)
    (tmp_path / "r.yaml").write_text("functions: {affine_forward: 3, softmax_loss: 1}")
    words = "gradcheck --file mine.py --rubric r.yaml --gradescope results.json --seconds 1000"
    process = subprocess.Popen(
        [sys.executable, "-m", "nndl", *words.split()], cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL
    )
    results = tmp_path / "results.json"
    until = time.monotonic() + 60
    while time.monotonic() < until and not (results.exists() and '"score": 3.0' in results.read_text()):
        time.sleep(0.05)
    process.kill()
    process.wait()
    first, second = json.loads(results.read_text())["tests"]
    assert (first["score"], second["score"]) == (3, 0)
    assert second["output"] == "The check has not come to this function."


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["relu", "--junit", "j.xml"], "--rubric, --junit and --gradescope go with --file"),
        (
            ["--file", "mine.py", "--gradescope", "no/such/r.json"],
            "--gradescope no/such/r.json: name a file in a folder",
        ),
        (["--file", "mine.py", "--rubric", "r.yaml"], "r.yaml cannot be read"),
        (
            ["relu", "--file", "mine.py", "--rubric", "ok.yaml"],
            "--rubric is for all that the file defines; leave out 'r",
        ),
    ],
)
def test_wrong_words_are_answered(tmp_path: Path, words: list[str], message: str) -> None:
    (tmp_path / "mine.py").write_text(WRONG)
    (tmp_path / "ok.yaml").write_text("functions: {adam: 1}")
    done = nndl("gradcheck", *words, cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert message in done.stderr


def test_a_file_that_is_none_has_results_too(tmp_path: Path) -> None:
    done = nndl("gradcheck", "--file", "nowhere.py", "--gradescope", "results.json", cwd=tmp_path)
    assert done.returncode == 2
    assert json.loads((tmp_path / "results.json").read_text())["output"] == "nowhere.py is not a Python file"
