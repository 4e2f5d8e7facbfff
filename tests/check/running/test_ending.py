"""A student's process ends with the one that started it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nndl.check.running.runner import WITH_US, apart

START = """
import sys
from pathlib import Path
from nndl.check.running.runner import Runner
runner = Runner(Path(sys.argv[1]))
runner.load()
print(runner.process.pid, flush=True)
sys.stdin.read()
"""


def is_running(status: Path) -> bool:
    """Tell whether a process is there, and no zombie."""
    try:
        return "State:\tZ" not in status.read_text()
    except OSError:
        return False


@pytest.mark.skipif(apart()[:1] != WITH_US[:1], reason="the system has no setpriv, or allows no namespaces")
def test_a_killed_check_leaves_nothing_running(tmp_path: Path) -> None:
    file = tmp_path / "endless.py"
    file.write_text("import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin).start()\n")
    words = [sys.executable, "-c", START, str(file)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdin is not None
    status = Path(f"/proc/{process.stdout.readline().strip()}/status")
    assert is_running(status)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()
    until = time.monotonic() + 10
    while is_running(status):
        assert time.monotonic() < until
        time.sleep(0.05)
