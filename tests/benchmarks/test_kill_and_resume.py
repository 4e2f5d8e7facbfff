"""The script that kills and resumes: what survives is the same, and what does not is counted."""

import subprocess
import sys

import pytest

from tests.cli.command import ROOT, environment

FORGETFUL = (
    "import sys, nndl.train.solver as solver\nfrom nndl.train.state import unpack\n"
    "def forgets(arrays, stores):\n"
    "    unpack({name: 0.99 * a if 'average' in name else a for name, a in arrays.items()}, stores)\n"
    "solver.unpack = forgets\n"
)
RUN = "from benchmarks.kill_and_resume import main\nmain()"


def kill(code: str) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-c", code, "--runs", "4", "--kills", "2", "--seed", "1"]
    return subprocess.run(
        words, cwd=ROOT, env=environment(OPENBLAS_NUM_THREADS="1"), capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_killed_runs_come_to_the_same_end() -> None:
    done = kill(RUN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "runs 4, " in done.stdout
    assert done.stdout.endswith("runs lost 0, states different 0\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_resume_that_is_not_exact_is_counted() -> None:
    done = kill(FORGETFUL + RUN)
    assert done.returncode == 1
    assert "states different 0" not in done.stdout
