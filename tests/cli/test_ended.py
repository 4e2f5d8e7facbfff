"""Requests to end a training, in a process of its own: the state is saved, whoever asks and whoever still reads."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command import environment, nndl, started
from tests.cli.test_train import CONFIG

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and pseudo-terminals are POSIX")

NEVER = "1000000 steps"
"""An interval after which a state is due: none is saved but at the end."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def words(epochs: int) -> list[str]:
    """The command's words; its run goes to `it`."""
    end = ["--epochs", str(epochs), "--set", f"checkpoint.every={NEVER}", "--run-dir", "it"]
    return ["train", "tiny.yaml", *end]


def train_on_a_terminal(folder: Path, epochs: int, *, nohup: bool = False) -> tuple[int, int]:
    """Begin a training on a terminal of its own; returns process and the terminal's other end once it takes steps."""
    import pty

    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        if nohup:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        command = [sys.executable, "-m", "nndl", *words(epochs)]
        os.execve(command[0], command, environment(TERM="xterm-256color"))
    shown, until = b"", time.monotonic() + 60
    while b"images/s" not in shown:
        assert time.monotonic() < until
        shown += os.read(terminal, 4096)
    return process, terminal


def ended(process: int) -> int:
    """The exit code, within a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        which, status = os.waitpid(process, os.WNOHANG)
        if which:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(process, signal.SIGKILL)
    raise AssertionError(f"it did not end by itself: {os.waitpid(process, 0)}")


def summary(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "it" / "summary.json").read_text(encoding="utf-8"))
    return found


def test_closing_the_terminal_saves_the_state_and_the_run_goes_on_from_it(folder: Path) -> None:
    process, terminal = train_on_a_terminal(folder, 100_000)
    os.close(terminal)
    assert ended(process) == 130
    told = summary(folder)
    assert told["status"] == "interrupted"
    assert (folder / "it" / "last.safetensors").is_file()
    resumed = nndl("verify-resume", "tiny.yaml", cwd=folder)
    assert resumed.returncode == 0, resumed.stderr
    lines = (folder / "it" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[-1]) | {"epoch": 0} == {"kind": "interrupted", "step": told["step"], "epoch": 0}


def test_with_nohup_it_goes_on_to_its_end_though_nobody_reads(folder: Path) -> None:
    process, terminal = train_on_a_terminal(folder, 300, nohup=True)
    os.close(terminal)
    os.kill(process, signal.SIGHUP)
    assert ended(process) == 0
    assert summary(folder)["status"] == "finished"


@pytest.mark.parametrize(
    ("signals", "code"),
    [
        (("SIGHUP",), 130),
        (("SIGUSR1",), 75),
        (("SIGXCPU", "SIGXCPU"), 75),
        (("SIGUSR2", "SIGTERM"), 75),
        (("SIGTERM", "SIGHUP"), 75),
        (("SIGTERM", "SIGTERM", "SIGHUP", "SIGHUP"), 75),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else str(value),
)
def test_signals_that_come_twice_or_together_save_the_state(folder: Path, signals: tuple[str, ...], code: int) -> None:
    process = started(*words(100_000), cwd=folder)
    assert process.stdout is not None
    while "images/s" not in process.stdout.readline():
        assert process.poll() is None
    for each in signals:
        process.send_signal(signal.Signals[each])
    _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert "state saved" in said
    assert any(each in said for each in signals)
    assert "Ctrl+C again" not in said
    assert (folder / "it" / "last.safetensors").is_file()


def test_a_pipe_whose_reader_has_enough_ends_it_with_its_state_saved(folder: Path) -> None:
    process = started(*words(100_000), cwd=folder)
    assert process.stdout is not None
    while "images/s" not in process.stdout.readline():
        assert process.poll() is None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 130
    assert "state saved" in said
    assert "roken pipe" not in said
    assert summary(folder)["status"] == "interrupted"


EARLY = """
import signal, sys
from nndl.cli import app
from nndl.jobs.parallel import team

def build(*_):
    {what}

team.build = build
sys.argv = ["nndl", "train", "tiny.yaml", "--run-dir", "it"]
app.app()
"""
"""A training that is sent a signal while it still reads its images."""


@pytest.mark.parametrize("lost", [False, True], ids=["", "made another error"])
@pytest.mark.parametrize(
    ("number", "code"), [("SIGTERM", 75), ("SIGUSR1", 75), ("SIGUSR2", 75), ("SIGXCPU", 75), ("SIGHUP", 130)]
)
def test_a_signal_before_the_first_step_ends_it_with_its_code_and_words(
    folder: Path, number: str, code: int, lost: bool
) -> None:
    send = f"signal.raise_signal(signal.{number})"
    what = f"try: {send}\n    except BaseException: raise ValueError('of a library')" if lost else send
    ended = subprocess.run(
        [sys.executable, "-c", EARLY.format(what=what)],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    assert ended.returncode == code, ended.stderr
    assert f"{number}" in ended.stderr
    assert "ended while no step was under way" in ended.stderr
    assert "rror" not in ended.stderr
