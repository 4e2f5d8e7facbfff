"""Starting programs on several processes, from a process that is one alone."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from nndl.errors import MissingExtraError, TrainingError
from nndl.jobs.own_python import own_python
from nndl.jobs.parallel.mpi import NEEDED

OVERSUBSCRIBED = {
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",  # Open MPI 5
    "OMPI_MCA_rmaps_base_oversubscribe": "1",  # before it
}
"""Settings with which Open MPI starts more ranks than there are cores; MPICH does anyway."""


def mpiexec() -> str | None:
    """Find the launcher: that of this environment, else that of the system."""
    if importlib.util.find_spec("mpi4py") is None:
        return None
    beside = str(Path(sys.executable).parent)
    return shutil.which("mpiexec", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))


def command(ranks: int, words: Sequence[str]) -> list[str]:
    """Return the command that runs Python with these words on so many ranks; raises MissingExtraError without an MPI.

    A rank alone needs none.
    """
    python = [*own_python(), *words]
    if ranks == 1:
        return python
    launcher = mpiexec()
    if launcher is None:
        raise MissingExtraError(NEEDED, "mpi", f"training on {ranks} processes")
    return [launcher, "-n", str(ranks), *python]


def run(ranks: int, words: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Run Python on so many ranks to its end; returns what it printed. Raises TrainingError where it fails."""
    done = subprocess.run(
        command(ranks, words),
        env={**os.environ, **OVERSUBSCRIBED, **(environment or {})},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise TrainingError(
            f"on {ranks} ranks it ended with {done.returncode}:\n{done.stderr.strip() or done.stdout.strip()}"
        )
    return done.stdout
