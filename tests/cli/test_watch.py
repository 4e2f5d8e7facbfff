"""nndl watch shows another process's training, and leaves it alone."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nndl.cli.screen.braille import SPARKS
from tests.cli.command import environment, nndl
from tests.cli.test_train import CONFIG
from tests.runs.made import make_run


def start(folder: Path, *words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "nndl", *words]
    return subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True, encoding="utf-8")


@pytest.fixture
def training(tmp_path: Path) -> "Iterator[subprocess.Popen[str]]":
    """A training that goes on for as long as a test may take; it has saved a state, and written down a step."""
    (tmp_path / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    process = start(tmp_path, "train", "tiny.yaml", "--epochs", "100000", "--run-dir", "runs/it")
    run = tmp_path / "runs" / "it"
    while not (run / "last.safetensors").is_file() or '"kind": "step"' not in (run / "metrics.jsonl").read_text(
        "utf-8"
    ):
        assert process.poll() is None
        time.sleep(0.05)
    yield process
    process.kill()
    process.communicate()


def test_a_finished_run_is_told_and_that_is_all(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "one")
    done = nndl("watch", "one", cwd=tmp_path)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].endswith("one: finished")
    assert lines[-1] == "finished: test accuracy 55.00 % (best validation 60.00 %); 0:02 of training"
    assert [line.split()[0] for line in lines[1:-1]] == ["epoch", "1", "2"]  # the table that training shows


def test_how_a_run_failed_is_told(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "one", status="failed", test=None)
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8")) | {"error": "the loss is NaN\nat step 7"}
    (run / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    told = nndl("watch", "one", cwd=tmp_path).stdout.splitlines()[-1]
    assert told.startswith("failed: the loss is NaN at step 7 after 2 epochs; nndl resume ")


def test_lines_that_are_no_whole_events_are_passed_over(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "one")
    broken = ['{"kind": "step", "step": 3, "epoch": 1, "loss": null}', '{"kind": "epoch", "step": 3, "epoch": 1}', "{"]
    with (run / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in broken))
    done = nndl("watch", "one", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 20 + 2 + 1


def test_a_run_that_has_a_folder_and_no_word_yet_is_waited_for(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "one", begun=time.time())
    (run / "summary.json").rename(tmp_path / "summary.json")
    watching = start(tmp_path, "watch", "one")
    with pytest.raises(subprocess.TimeoutExpired):
        watching.wait(timeout=3)
    (tmp_path / "summary.json").rename(run / "summary.json")
    shown, _ = watching.communicate(timeout=60)
    assert shown.splitlines()[0].endswith("one: finished")


def test_a_running_one_is_followed_to_its_death(tmp_path: Path, training: "subprocess.Popen[str]") -> None:
    watching = start(tmp_path, "watch", "it", "--json")
    assert watching.stdout is not None
    before = [json.loads(watching.stdout.readline()) for _ in range(3)]
    now = len((tmp_path / "runs" / "it" / "metrics.jsonl").read_text(encoding="utf-8").splitlines())
    seen = [json.loads(watching.stdout.readline()) for _ in range(now + 5)]  # some written after watching began
    assert [record["step"] for record in before] == sorted(record["step"] for record in before)
    assert seen[-1]["step"] > before[-1]["step"]
    training.send_signal(signal.SIGKILL)
    training.wait()
    rest, _ = watching.communicate(timeout=60)
    assert watching.returncode == 0
    assert json.loads(rest.splitlines()[-1])["status"] == "died"


def test_once_and_an_end_of_watching_leave_the_training_alone(
    tmp_path: Path, training: "subprocess.Popen[str]"
) -> None:
    done = nndl("watch", "it", "--once", cwd=tmp_path)
    *_, words, curve, last = done.stdout.splitlines()
    assert " images/s  loss " in words
    assert set(curve.removeprefix("loss ")) <= set(SPARKS)
    assert last.startswith("running, ")
    watching = start(tmp_path, "watch", "it")
    assert watching.stdout is not None
    watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=60)
    assert watching.returncode == 0
    assert training.poll() is None
    training.send_signal(signal.SIGINT)
    training.wait(timeout=60)
    assert training.returncode == 130
    assert "interrupted: it was stopped after" in nndl("watch", "it", cwd=tmp_path).stdout


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
@pytest.mark.usefixtures("training")
def test_a_terminal_shows_a_bar_the_pace_and_the_loss_as_a_curve(tmp_path: Path) -> None:
    import pty

    reader, terminal = pty.openpty()
    command = [sys.executable, "-m", "nndl", "watch", "it"]
    variables = environment(TERM="xterm-256color", COLUMNS="80", LINES="24")
    watching = subprocess.Popen(command, cwd=tmp_path, env=variables, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown, until = b"", time.monotonic() + 60
    while not set(shown.decode("utf-8", errors="ignore")) >= {"─", "▁", "█"} and time.monotonic() < until:
        shown += os.read(reader, 4096)
    watching.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):  # the terminal's end is an error on Linux
        while more := os.read(reader, 4096):
            shown += more
    watching.wait(timeout=60)
    os.close(reader)
    text = shown.decode("utf-8", errors="replace")
    assert "epoch  train loss  train acc" in text
    assert "images/s  lr" in text
    assert "▁" in text
    assert "the training is left alone" in text
