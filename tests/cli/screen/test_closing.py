"""The closing of a window on Windows, by a console that ends the process as Windows does, once its function returns."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nndl.cli.screen import closing
from nndl.cli.screen.closing import heeded_closing
from tests.cli.command import environment
from tests.cli.test_train import CONFIG

WINDOWS = """
import ctypes, os, sys, threading, time
from pathlib import Path
from types import SimpleNamespace

handlers = []

def set_handler(handler, add):
    handlers.append(handler) if add else handlers.remove(handler)
    return 1

ctypes.windll = SimpleNamespace(kernel32=SimpleNamespace(SetConsoleCtrlHandler=set_handler))
ctypes.WINFUNCTYPE = ctypes.CFUNCTYPE
from nndl.cli.screen import closing
closing._is_windows = lambda: True

def close_the_window():
    metrics = Path("it/metrics.jsonl")
    while not (metrics.is_file() and metrics.stat().st_size):
        time.sleep(0.01)
    assert handlers[-1](0) == 0  # Ctrl+C is a signal's matter
    assert handlers[-1](2) == 1
    os._exit(9)

threading.Thread(target=close_the_window, daemon=True).start()
from nndl.cli.app import app
app(sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="plays what Windows does, elsewhere")
def test_the_state_is_saved_before_the_console_ends_the_process(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    words = ["train", "tiny.yaml", "--epochs", "100000", "--set", "checkpoint.every=1000000 steps", "--run-dir", "it"]
    done = subprocess.run(
        [sys.executable, "-c", WINDOWS, *words], cwd=tmp_path, env=environment(), capture_output=True, timeout=100
    )
    assert done.returncode in (9, 130), done.stderr  # whichever thread is quicker
    told = json.loads((tmp_path / "it" / "summary.json").read_text(encoding="utf-8"))
    assert told["status"] == "interrupted"
    assert (tmp_path / "it" / "last.safetensors").is_file()


def test_whoever_closes_waits_for_the_end_and_no_longer_than_is_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    registered: list[Callable[[int], bool]] = []

    def register(asked: Callable[[int], bool]) -> Callable[[], None]:
        registered.append(asked)
        return registered.clear

    monkeypatch.setattr(closing, "_console", lambda: register)
    stopped, returned = threading.Event(), threading.Event()
    with heeded_closing(stopped.set):
        thread = threading.Thread(target=lambda: registered[0](6) and returned.set())
        thread.start()
        assert stopped.wait(20)
        assert not returned.wait(0.1)
    thread.join(20)
    assert returned.is_set()
    assert registered == []
    monkeypatch.setattr(closing, "SECONDS", 0.1)
    with heeded_closing(stopped.set):
        began = time.monotonic()
        assert registered[0](2)
        assert 0.1 <= time.monotonic() - began < 20
