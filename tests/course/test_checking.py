"""A submission in processes of its own: what it does costs its bounds, and nobody else anything."""

import contextlib
import os
import tempfile
import threading
import time
from pathlib import Path

import pytest

from nndl.course import checking
from nndl.course.checking import INTERRUPTED, check
from nndl.course.isolation import mounted_apart, to_hide
from nndl.course.submissions import Taken
from nndl.course.watching import Bounds
from tests.course.homework import RIGHT

BOUNDS = Bounds(seconds=3, total=60)
apart = pytest.mark.skipif(not mounted_apart(), reason="the system allows no namespaces")


def outcomes(text: str, bounds: Bounds = BOUNDS, hidden: tuple[str, ...] = ()) -> tuple[dict[str, str], str]:
    """Check a file; return the verdict on each function, and how the check broke off."""
    found = check(Taken({"nndl/layers.py": text.encode()}), bounds, hidden, threading.Event())
    return {each["function"]: each["verdict"] for each in found.records}, found.broke_off


def raised(text: str, hidden: tuple[str, ...] = ()) -> str:
    """Check a file whose relu_forward raises what it found out; return that."""
    found = check(Taken({"layers.py": text.encode()}), BOUNDS, hidden, threading.Event())
    return str(found.records[0]["findings"][0]["place"])


def test_what_is_right_is_right_and_files_are_told_as_the_student_knows_them() -> None:
    found = check(Taken({"nndl/layers.py": RIGHT.encode()}), BOUNDS, (), threading.Event())
    assert [(each["function"], each["verdict"], each["file"]) for each in found.records] == [
        ("relu_forward", "correct", "nndl/layers.py"),
        ("relu_backward", "correct", "nndl/layers.py"),
    ]
    assert found.broke_off == ""
    broken = check(Taken({"nndl/layers.py": b"import nowhere\n"}), BOUNDS, (), threading.Event()).records
    assert broken == []  # it defines nothing that is known
    broken = check(
        Taken({"nndl/layers.py": b"from nndl.cnn import relu_forward\n" + RIGHT.encode()}),
        BOUNDS,
        (),
        threading.Event(),
    ).records
    assert "nndl-grade-" not in str(broken)


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("while True: pass", "timed out"),
        ("import os; os._exit(0)", "crashed"),
        ("import ctypes; ctypes.string_at(0)", "crashed"),
        ("import os; os.fork()", "crashed"),
        ("import subprocess; subprocess.run(['true'])", "crashed"),
        ("open('/tmp/planted-by-a-test', 'w')", "crashed"),
        ("import numpy; return numpy.ones(10**11), None", "crashed"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="limits are those of POSIX")
def test_mischief_is_a_verdict(body: str, verdict: str) -> None:
    found, broke_off = outcomes(
        f"def relu_forward(x):\n    {body}\n\ndef sgd(w, dw, config=None):\n    return w, config\n"
    )
    assert (found["relu_forward"], broke_off) == (verdict, "")
    assert found["sgd"] == "unknown mistake"  # the rest is checked all the same
    assert not Path("/tmp/planted-by-a-test").exists()


FLOOD = """
import os
def relu_forward(x):
    for fd in range(3, 30):
        try:
            os.write(fd, b'{"value": 1}\\n' * 200)
        except OSError:
            pass
    return x, x
def sgd(w, dw, config=None):
    return w, config
"""


@pytest.mark.skipif(os.name != "posix", reason="descriptors are numbered otherwise")
def test_answers_that_nobody_asked_for_end_no_check() -> None:
    found, broke_off = outcomes(FLOOD)
    assert broke_off == ""
    assert found["relu_forward"] not in ("correct", "correct with notes")
    assert found["sgd"] == "unknown mistake"


def test_what_calls_an_endless_function_is_not_waited_for() -> None:
    text = "def affine_forward(x, w, b):\n    while True: pass\n\ndef affine_relu_forward(x, w, b):\n"
    text += "    return affine_forward(x, w, b)\n"
    begun = time.monotonic()
    found, _ = outcomes(text, Bounds(seconds=8, total=100))
    assert found == {"affine_forward": "timed out", "affine_relu_forward": "timed out"}
    assert time.monotonic() - begun < 24  # 8 for the loop, and the start of two processes on a busy machine


@apart
def test_a_bomb_of_processes_is_ended_with_all_of_them() -> None:
    text = "import ctypes, time\nfor i in range(9): ctypes.pythonapi.fork()\ntime.sleep(1000)\n" + RIGHT
    begun = time.monotonic()
    assert outcomes(text)[1] == "it started more than 64 processes"
    assert time.monotonic() - begun < 30


def test_the_whole_is_bounded_and_what_was_found_stays() -> None:
    text = RIGHT + "\ndef softmax_loss(x, y):\n    while True: pass\n"
    found, broke_off = outcomes(text, Bounds(seconds=1000, total=8))
    assert broke_off == "the whole check did not end within 8 s"
    assert found == {"relu_forward": "correct", "relu_backward": "correct"}


def processes_in(folder: Path) -> list[str]:
    """Return the processes whose home lies in a folder, on systems that tell."""
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            found += [str(place)] if f"HOME={folder}".encode() in place.read_bytes() else []
    return found


@pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX's")
def test_without_namespaces_limits_still_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")  # without unshare, for the check and within it
    monkeypatch.setattr(checking, "mounted_apart", tuple)
    text = RIGHT + "\ndef softmax_loss(x, y):\n    while True: pass\n"
    assert outcomes(text)[0] == {"relu_forward": "correct", "relu_backward": "correct", "softmax_loss": "timed out"}
    found, broke_off = outcomes(text, Bounds(seconds=1000, total=8))
    assert broke_off == "the whole check did not end within 8 s"
    assert found == {"relu_forward": "correct", "relu_backward": "correct"}
    assert processes_in(tmp_path) == []


def test_a_check_that_is_asked_to_stop_stops() -> None:
    stop = threading.Event()
    stop.set()
    assert check(Taken({"layers.py": RIGHT.encode()}), BOUNDS, (), stop).broke_off == INTERRUPTED


LOOKING = """
import ctypes, os
seen = []
for path in {paths!r}:
    try:
        seen.append(os.listdir(path) if os.path.isdir(path) else open(path).read())
    except OSError as error:
        seen.append(type(error).__name__)
libc = ctypes.pythonapi
seen.append([libc.open(os.fsencode(path), 65, 0o644) for path in {written!r}])
def relu_forward(x):
    raise ValueError(str(seen))
"""


@apart
def test_neighbours_rubric_and_grades_can_neither_be_read_nor_written(tmp_path: Path) -> None:
    bob, rubric = tmp_path / "homework" / "bob", tmp_path / "rubric.yaml"
    bob.mkdir(parents=True)
    (bob / "layers.py").write_text("bob's own")
    rubric.write_text("points")
    paths = [str(rubric), str(bob / "layers.py"), str(tmp_path)]
    written = [str(bob / "layers.py"), str(tmp_path / "new"), "/tmp/planted-by-a-test"]
    text = LOOKING.format(paths=paths, written=written)
    hidden, seen = to_hide([bob, rubric], [Path("/usr")])
    assert (hidden, seen) == ([str(tmp_path)], [])
    assert "['FileNotFoundError', 'FileNotFoundError', [], [-1, -1, -1]]" in raised(text, tuple(hidden))
    assert (bob / "layers.py").read_text() == "bob's own"
    assert not (tmp_path / "new").exists()


@apart
def test_a_single_file_is_hidden_where_its_folder_is_needed(tmp_path: Path) -> None:
    rubric = tmp_path / "rubric.yaml"
    rubric.write_text("points")
    hidden, seen = to_hide([rubric, tmp_path], [tmp_path / "python"])
    assert (hidden, seen) == ([str(rubric)], [str(tmp_path)])
    assert "['', " in raised(LOOKING.format(paths=[str(rubric)], written=[str(rubric)]), tuple(hidden))
    assert rubric.read_text() == "points"
