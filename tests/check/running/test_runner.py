"""Other people's code runs in a process of its own: loops, crashes, forks and floods cost their limit and no more."""

import time
from pathlib import Path

import pytest

from nndl.check.students.outcome import Outcome
from nndl.check.students.submission import Limits, check_file, check_folder, python_files

RELU = "import numpy as np\n\ndef relu_forward(x):\n    {}\n    return np.maximum(x, 0), x\n"
BACKWARD = "\ndef relu_backward(dout, cache):\n    return dout * (cache > 0)\n"


def outcomes(folder: Path, text: str, seconds: float = 2.0) -> dict[str, Outcome]:
    file = folder / "layers.py"
    file.write_text(text, encoding="utf-8")
    return {outcome.function: outcome for outcome in check_file(file, limits=Limits(seconds))}


def test_a_loop_without_end_costs_its_limit_and_the_rest_is_checked(tmp_path: Path) -> None:
    begun = time.monotonic()
    text = RELU.format("while True: pass") + BACKWARD
    text += "\ndef svm_loss(x, y):\n    return None, None\n"
    text += "\ndef flatten_forward(x):\n    return x.reshape(len(x), -1), x.shape\n"
    found = outcomes(tmp_path, text)
    assert time.monotonic() - begun < 20
    assert found["relu_forward"].verdict == "timed out"
    assert "no end within 2 s" in found["relu_forward"].findings[0].says
    assert found["relu_backward"].verdict == "crashed"
    assert "relu_forward has to work first" in found["relu_backward"].findings[0].says
    assert (found["svm_loss"].verdict, found["flatten_forward"].verdict) == ("not implemented", "correct")


@pytest.mark.parametrize(
    ("does", "says"),
    [
        ("import os; os._exit(3)", "it ended its process"),
        ("import sys; sys.exit('bye')", "SystemExit: bye"),
        ("import os; os.kill(os.getpid(), 9)", "may not end processes"),
        ("import ctypes; ctypes.string_at(0)", "(signal|ended its process)"),
        ("np.zeros(2**38)", "MemoryError"),
        ("import os; os.fork()", "may not start processes"),
        ("import subprocess; subprocess.run(['true'])", "may not start processes"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "(may not use the network|unreachable)"),
        ("open('/tmp/nndl-escaped', 'w')", "may not write to '/tmp/nndl-escaped'"),
        ("import shutil, os; shutil.rmtree(os.path.dirname(__file__))", "may not change"),
        ("raise SystemError('x' * 10**6)", "SystemError: x+ "),
    ],
)
def test_whatever_the_code_does_is_told_and_stays_there(tmp_path: Path, does: str, says: str) -> None:
    import re

    outcome = outcomes(tmp_path, RELU.format(does) + BACKWARD)["relu_forward"]
    assert outcome.verdict in ("crashed", "known mistake", "unknown mistake")
    assert re.search(says, str(outcome.findings)), outcome
    assert len(str(outcome.record())) < 20_000
    assert (tmp_path / "layers.py").exists()


def test_floods_of_output_are_cut(tmp_path: Path) -> None:
    found = outcomes(tmp_path, RELU.format("print('x' * 10**7); import os; os.write(1, b'y' * 10**6)") + BACKWARD, 20.0)
    assert found["relu_forward"].verdict == "correct"
    assert 0 < len(found["relu_forward"].printed) <= 2000


def test_giant_results_are_told_by_their_shape(tmp_path: Path) -> None:
    text = RELU.replace("np.maximum(x, 0)", "np.zeros((4000, 4000))").format("pass") + BACKWARD
    outcome = outcomes(tmp_path, text)["relu_forward"]
    assert outcome.verdict == "unknown mistake"
    assert "an array (4000, 4000) of float64" in outcome.findings[0].place


def test_what_the_code_writes_to_its_pipes_is_no_answer(tmp_path: Path) -> None:
    forged = "import os, contextlib\n    for fd in range(3, 12):\n        with contextlib.suppress(OSError):"
    forged += " os.write(fd, b'{\"value\": 1}\\n[[[\\n')"
    outcome = outcomes(tmp_path, RELU.format(forged) + BACKWARD)["relu_forward"]
    assert not outcome.passed


def test_an_import_that_does_not_end_is_told(tmp_path: Path) -> None:
    file = tmp_path / "layers.py"
    file.write_text("while True: pass\n\ndef relu_forward(x):\n    return x, x\n", encoding="utf-8")
    (outcome,) = check_file(file, limits=Limits(1.0))
    assert (outcome.function, outcome.verdict) == ("", "timed out")


def test_outcomes_come_as_they_are_found(tmp_path: Path) -> None:
    file = tmp_path / "layers.py"
    file.write_text(RELU.format("pass") + BACKWARD + "\ndef svm_loss(x, y):\n    while True: pass\n", encoding="utf-8")
    begun = time.monotonic()
    found = check_file(file, limits=Limits(8.0))
    assert next(found).function == "relu_forward"
    assert time.monotonic() - begun < 8
    found.close()


@pytest.mark.parametrize("package", ["nndl", "cs231n", "utils", "homework"])
def test_a_package_of_any_name_is_its_own(tmp_path: Path, package: str) -> None:
    folder = tmp_path / package
    folder.mkdir()
    if package != "homework":
        (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / "layers.py").write_text(RELU.format("pass") + BACKWARD.replace("> 0", "< 0"), encoding="utf-8")
    name = package if package != "homework" else "nndl"
    (folder / "layer_utils.py").write_text(
        f"from past.builtins import xrange\nfrom {name}.layers import *\nfrom .layers import relu_forward as again\n"
        "import matplotlib.pyplot as plt\n"
        "def flatten_forward(x):\n"
        "    return relu_forward(x)[0].reshape(len(x), -1) * again.__name__.count('x'), x.shape\n"
        "def flatten_backward(dout, shape):\n    return relu_backward(dout.reshape(shape), dout.reshape(shape))\n",
        encoding="utf-8",
    )
    found = {outcome.function: outcome for outcome in check_folder(tmp_path, Limits(5.0))}
    assert found["relu_forward"].verdict == "correct"
    assert found["relu_backward"].verdict != "correct"
    assert found["flatten_forward"].verdict == "unknown mistake"  # it ran, with the layers beside it
    assert "all zeros" in str(found["flatten_forward"]) or "should be" in found["flatten_forward"].findings[0].says


RIGHT = RELU.format("pass") + BACKWARD


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + RIGHT.encode(),
        RIGHT.replace("\n", "\r\n").encode(),
        RIGHT.replace("\n", "\r").encode(),
        f"# coding: latin-1\n# caf\xe9\n{RIGHT}".encode("latin-1"),
        ("import numpy as np\nif np:\n" + "".join(f"    {line}\n" for line in RIGHT.splitlines())).encode(),
        (
            "try:\n    pass\nexcept ImportError:\n    pass\nelse:\n" + "".join(f"  {x}\n" for x in RIGHT.splitlines())
        ).encode(),
    ],
    ids=["byte order mark", "CRLF", "CR", "latin-1", "under if", "under else"],
)
def test_a_file_is_read_as_python_reads_it(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "layers.py").write_bytes(data)
    verdicts = [outcome.verdict for outcome in check_file(tmp_path / "layers.py", limits=Limits(10.0))]
    assert verdicts == ["correct", "correct"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_file_that_python_does_not_read_is_told_so(tmp_path: Path, encoding: str) -> None:
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    (tmp_path / "layers.py").write_bytes(mark + RIGHT.encode(encoding))
    (outcome,) = check_file(tmp_path / "layers.py")
    assert outcome.verdict == "crashed"
    assert "the file is UTF-16, which Python does not read: save it as UTF-8" in outcome.findings[0].title


def test_copies_and_old_folders_come_behind(tmp_path: Path) -> None:
    names = [
        "layers copy.py",
        "nndl/layers.py",
        "nndl/fc_net.py",
        "nndl/my.py",
        "nndl/old/layers.py",
        "backup/nndl/layers.py",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in python_files(tmp_path)]
    assert found == [names[1], names[2], names[5], names[4], names[0], names[3]]


def test_what_calls_a_wrong_function_is_told_which(tmp_path: Path) -> None:
    text = RELU.format("pass") + BACKWARD.replace("return dout", "dout[cache <= 0] = 0\n    return dout")
    text += "\ndef affine_relu_forward(x, w, b):\n    a = x.reshape(len(x), -1) @ w + b\n"
    text += "    return relu_forward(a)[0], (a, x, w)\n"
    text += "\ndef affine_relu_backward(dout, cache):\n    a, x, w = cache\n    da = relu_backward(dout, a)\n"
    text += "    return (da @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ da, da.sum(axis=0)\n"
    found = outcomes(tmp_path, text, 10.0)
    assert [found[name].findings[0].id for name in ("relu_backward", "affine_relu_backward")] == ["A2", "A2"]
    assert found["affine_relu_backward"].findings[0].says.startswith("In relu_backward, which this calls: ")
    assert found["affine_relu_forward"].verdict == "correct"


def test_a_file_may_use_our_layers(tmp_path: Path) -> None:
    text = "from nndl.layers import relu_forward\n\ndef relu_backward(dout, cache):\n    return dout * (cache > 0)\n"
    assert {name: each.verdict for name, each in outcomes(tmp_path, text).items()} == {"relu_backward": "correct"}


def test_what_a_student_writes_into_the_answers_is_no_error_of_ours(tmp_path: Path) -> None:
    forged = (
        "import os\n    for number in range(3, 40):\n        try:\n            os.write(number, b'{\"outcome\": 1}\\n')"
    )
    outcome = outcomes(tmp_path, RELU.format(f"{forged}\n        except OSError:\n            pass"))["relu_forward"]
    assert outcome.verdict == "crashed"
    assert "makes no sense" in str(outcome.findings)
