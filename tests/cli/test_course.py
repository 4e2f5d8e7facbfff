"""nndl course grade: a table, pages, and the same command again."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command import environment, nndl
from tests.course.homework import WRONG, hand_in, zipped

RUBRIC = "title: Two\nfunctions: {relu_forward: 3, relu_backward: {points: 5, visibility: hidden}}\n"


def table(path: Path) -> list[list[str]]:
    """Return the rows of a CSV file."""
    return list(csv.reader(path.read_text(encoding="utf-8").splitlines()))


def test_a_class_is_graded_and_graded_again(tmp_path: Path) -> None:
    hand_in(tmp_path / "hw" / "alice")
    zipped(tmp_path / "hw" / "bob.zip", ("nndl/layers.py", WRONG), ("nndl/optim.py", "#" * 2**21))
    (tmp_path / "hw" / "notes.txt").write_text("hello")
    (tmp_path / "rubric.yaml").write_text(RUBRIC)
    words = ("course", "grade", "hw/*", "--rubric", "rubric.yaml")  # no shell expands the pattern here
    done = nndl(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(
        "3 submissions, mean 3.7 of 8, median 3: grades.csv, grades/index.html\n".replace("/", os.sep)
    )
    left_out = "nndl/optim.py has more than 1,048,576 bytes: left out"
    assert f"bob: 1 of 2 functions right; {left_out} (" in done.stdout
    assert table(tmp_path / "grades.csv") == [
        ["name", "score", "of", "relu_forward", "relu_backward", "notes"],
        ["alice", "8", "8", "3", "5", ""],
        ["bob", "3", "8", "3", "0", left_out],
        ["notes.txt", "0", "8", "0", "0", "it is neither a folder nor a zip file nor a Python file"],
    ]
    assert "relu_backward" not in (tmp_path / "grades" / "bob.html").read_text(encoding="utf-8")
    (tmp_path / "rubric.yaml").write_text("functions: {relu_forward: 1, relu_backward: 1}")
    hand_in(tmp_path / "hw" / "alice", WRONG)
    again = nndl(*words, cwd=tmp_path)
    quiet = nndl(*words, "--quiet", cwd=tmp_path)
    assert (len(quiet.stdout.splitlines()), quiet.stderr) == (1, "")
    assert f"bob: 1 of 2 functions right; {left_out} (unchanged)" in again.stdout
    assert "alice: 1 of 2 functions right (" in again.stdout
    assert "alice: 1 of 2 functions right (unchanged)" not in again.stdout
    assert [row[:3] for row in table(tmp_path / "grades.csv")[1:3]] == [["alice", "1", "2"], ["bob", "1", "2"]]


def test_json(tmp_path: Path) -> None:
    hand_in(tmp_path / "alice")
    done = nndl("course", "grade", "alice", "-o", "out.csv", "--json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert found["students"] == [{"name": "alice", "score": 2, "of": 2, "notes": []}]
    assert (found["file"], found["mean"]) == ("out.csv", 2)


def test_an_assignment_is_made_and_graded(tmp_path: Path) -> None:
    done = nndl("course", "init", "new/homework", "--course", "c147", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(Path("new/homework/rubric.yaml"))
    words = ("course", "grade", "new/homework", "--rubric", "new/homework/rubric.yaml", "--json")
    (student,) = json.loads(nndl(*words, cwd=tmp_path).stdout)["students"]
    assert (student["score"], student["of"]) == (0, 76)
    again = nndl("course", "init", "new/homework", cwd=tmp_path)
    assert (again.returncode, "is there and not empty" in again.stderr) == (2, True)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_what_was_graded_before_an_interruption_is_not_graded_again(tmp_path: Path) -> None:
    hand_in(tmp_path / "hw" / "alice")
    hand_in(tmp_path / "hw" / "bob", "def relu_forward(x):\n    while True: pass\n")
    words = [sys.executable, "-m", "nndl", "course", "grade", "hw/alice", "hw/bob", "--jobs", "1", "--seconds", "500"]
    process = subprocess.Popen(words, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    until = time.monotonic() + 60
    while time.monotonic() < until and not (tmp_path / "grades" / "alice.json").exists():
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=60)[0].decode()
    assert process.returncode == 130, told
    assert "1 are not graded yet; the same command goes on with them" in told
    assert "Traceback" not in told
    assert [row[0] for row in table(tmp_path / "grades.csv")] == ["name", "alice"]
    again = nndl("course", "grade", "hw/alice", "hw/bob", "--seconds", "500", "--total", "3", cwd=tmp_path)
    assert "bob: 0 of 0 functions right; the whole check did not end within 3 s" in again.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nobody"], "nobody is not there: name the folder or zip file of each submission"),
        (["alice", "--rubric", "r.yaml"], "r.yaml:1:1: a rubric says what functions are worth"),
        (["alice", "-o", "no/such/grades.csv"], "--output no/such/grades.csv: name a file such as grades.csv"),
        (["alice", "-o", "alice"], "--output alice: name a file such as grades.csv"),
        (["alice", "-o", "grades"], "--output grades: name a file such as grades.csv"),
    ],
)
def test_wrong_words_are_answered(tmp_path: Path, words: list[str], message: str) -> None:
    hand_in(tmp_path / "alice")
    (tmp_path / "r.yaml").write_text("points: 3")
    done = nndl("course", "grade", *words, cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert message in done.stderr
