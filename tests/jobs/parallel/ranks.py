"""nndl on several processes, as mpiexec starts them; tests that need it are skipped where there is no MPI."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from nndl.jobs.parallel.start_mpi import OVERSUBSCRIBED, mpiexec
from tests.cli.command import environment

needs_mpi = pytest.mark.skipif(mpiexec() is None, reason="needs the extra mpi, and an MPI: pip install mpi4py mpich")

ALLOWED = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_hwloc_default_binding_policy": "none",
}
LIMIT = 60.0


class Ended(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str
    seconds: float


def launch(*ranks: Sequence[str], asked: Callable[[int], None] | None = None, **variables: str) -> Ended:
    """Run Python with words of its own for each rank; `asked` is called with the launcher's process id meanwhile.

    Nothing is left behind: past LIMIT all processes of the group are killed, and the test fails.
    """
    launcher = mpiexec()
    assert launcher is not None
    words = [word for each in ranks for word in (":", "-n", "1", sys.executable, *each)][1:]
    began = time.monotonic()
    process = subprocess.Popen(
        [launcher, *words],
        env=environment(**OVERSUBSCRIBED, **ALLOWED, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        if asked is not None:
            asked(process.pid)
        out, err = process.communicate(timeout=LIMIT)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return Ended(process.returncode, out, err, time.monotonic() - began)


def train(size: int, config: Path, run: Path, *more: str, **options: object) -> Ended:
    """Run `nndl train` on so many ranks."""
    words = ["-m", "nndl", "train", str(config), "--run-dir", str(run), "--quiet", *more]
    return launch(*[words] * size, **options)  # type: ignore[arg-type]
