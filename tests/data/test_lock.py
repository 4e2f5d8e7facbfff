"""One process at a time, for as long as it lives; nobody is kept out where that cannot be told."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from nndl.data.lock import alone, lock_of
from tests.cli.command import environment


def test_the_second_is_told_and_the_file_is_gone_afterwards(tmp_path: Path) -> None:
    path = lock_of(tmp_path / "batches")
    assert path == tmp_path / ".batches.lock"
    with alone(path):
        assert path.exists()
        with pytest.raises(BlockingIOError, match="locked by another process"), alone(path):
            pass
    assert not path.exists()
    with alone(path), alone(tmp_path / "other"):
        pass


def test_whoever_waits_comes_next(tmp_path: Path) -> None:
    path, order = tmp_path / "lock", list[str]()

    def second() -> None:
        with alone(path, wait=20):
            order.append("second")

    with alone(path):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


HOLD = """
import sys
from pathlib import Path
from nndl.data.lock import alone
with alone(Path("lock")):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_keeps_it_as_long_as_it_lives(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError), alone(tmp_path / "lock"):
            pass
        process.kill()
        process.wait()
        assert (tmp_path / "lock").exists()
        with alone(tmp_path / "lock", wait=5):  # what a killed process left is no lock
            pass


def test_a_folder_that_is_not_there_or_cannot_be_written_keeps_nobody_out(tmp_path: Path) -> None:
    with alone(tmp_path / "nowhere" / "lock"), alone(tmp_path / "nowhere" / "lock"):
        pass
