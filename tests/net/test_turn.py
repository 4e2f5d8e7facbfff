"""A forked child finds every turn free, whoever has it in the parent."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nndl.net.turn import Turn

ROOT = Path(__file__).parents[2]


def test_a_turn_is_one_threads_at_a_time_and_may_be_taken_again() -> None:
    turn, taken = Turn(), []
    with turn.lock, turn.lock:
        other = threading.Thread(target=lambda: taken.append(turn.lock.acquire(blocking=False)))
        other.start()
        other.join()
    assert taken == [False]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_a_forked_child_finds_it_free_and_may_end_what_its_own_thread_began() -> None:
    """In a process of its own: forking beside other people's threads is what Python warns of."""
    code = (
        "import os, threading\n"
        "from nndl.net.turn import Turn\n"
        "others, ours, taken, done = Turn(), Turn(), threading.Event(), threading.Event()\n"
        "def hold():\n"
        "    with others.lock: taken.set(); done.wait()\n"
        "threading.Thread(target=hold).start(); taken.wait()\n"
        "with ours.lock: child = os.fork()\n"
        "if child == 0: os._exit(0 if others.lock.acquire(timeout=5) and ours.lock.acquire(timeout=5) else 1)\n"
        "done.set()\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, timeout=60, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
