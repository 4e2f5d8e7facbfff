"""One process at a time in a run's folder, and none kept out by one that is gone."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nndl.errors import UsageError
from nndl.runs.lock import InUseError, is_locked, lock_run
from tests.cli.command import environment

HOLD = (
    "import sys, time\nfrom pathlib import Path\n"
    "from nndl.runs.lock import lock_run\n"
    "with lock_run(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)"
)


def hold(folder: Path) -> "subprocess.Popen[str]":
    """A process that has the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    assert is_locked(tmp_path) is None
    with hold(tmp_path) as process:
        assert is_locked(tmp_path)
        words = rf"in use by process {process.pid} on .*one process at a time"
        with pytest.raises(UsageError, match=words), lock_run(tmp_path):
            raise AssertionError
        process.kill()
        process.wait()
    assert is_locked(tmp_path) is False
    with lock_run(tmp_path):
        assert json.loads((tmp_path / ".lock").read_text(encoding="utf-8"))["pid"] == os.getpid()
    assert (tmp_path / ".lock").read_bytes() == b""


def test_within_a_process_it_may_be_taken_again_and_ends_with_the_outermost(tmp_path: Path) -> None:
    with lock_run(tmp_path):
        with lock_run(tmp_path / ".." / tmp_path.name):
            pass
        code = HOLD.replace("time.sleep(60)", "pass")
        second = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], env=environment(), capture_output=True, text=True, check=False
        )
        assert "InUseError" in second.stderr
    with lock_run(tmp_path):
        pass


def test_another_thread_is_refused_as_another_process_is(tmp_path: Path) -> None:
    def enter() -> None:
        with lock_run(tmp_path):
            raise AssertionError

    with lock_run(tmp_path), ThreadPoolExecutor(1) as other, pytest.raises(InUseError, match="another thread"):
        other.submit(enter).result()
    assert is_locked(tmp_path) is False


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_does_not_have_its_parents_lock(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from nndl.runs.lock import InUseError, lock_run\n"
        "folder = Path(sys.argv[1])\n"
        "with lock_run(folder):\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        try:\n"
        "            with lock_run(folder): os._exit(1)\n"
        "        except InUseError as error: os._exit(0 if f'process {os.getppid()} ' in str(error) else 2)\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written to"), lock_run(tmp_path / "none"):
        raise AssertionError


@pytest.mark.skipif(sys.platform == "win32", reason="of POSIX alone")
def test_a_lock_that_is_a_link_is_refused_and_its_target_left(tmp_path: Path) -> None:
    """A stranger's folder: .lock leads to a file of mine, which was emptied when the lock was taken."""
    mine = tmp_path / "authorized_keys"
    mine.write_bytes(b"mine")
    (tmp_path / "theirs").mkdir()
    lock = tmp_path / "theirs" / ".lock"
    lock.symlink_to(mine)
    with pytest.raises(UsageError, match=r"\.lock is a link, not a file"), lock_run(lock.parent):
        raise AssertionError
    assert is_locked(lock.parent) is None
    lock.unlink()
    os.mkfifo(lock)
    with pytest.raises(UsageError, match=r"\.lock is a named pipe, not a file"), lock_run(lock.parent):
        raise AssertionError
    assert is_locked(lock.parent) is None
    assert mine.read_bytes() == b"mine"


@pytest.mark.parametrize("linked", [True, False])
def test_what_the_lock_s_file_says_is_not_emptied_unless_it_is_ours(tmp_path: Path, linked: bool) -> None:
    """A second name of a file of mine (a hard link, as backups have them), or another program's lock: locked so."""
    said = json.dumps({"pid": 1, "host": "nowhere"}).encode() if linked else b"of another program"
    mine = tmp_path / "mine"
    mine.write_bytes(said)
    (tmp_path / "theirs").mkdir()
    lock = tmp_path / "theirs" / ".lock"
    if linked:
        lock.hardlink_to(mine)
    else:
        lock.write_bytes(said)
    with lock_run(lock.parent):
        assert is_locked(lock.parent)
        assert lock.read_bytes() == said
    assert lock.read_bytes() == mine.read_bytes() == said
    assert is_locked(lock.parent) is False
