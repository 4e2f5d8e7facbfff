"""Workers as jobs of a cluster, through submitit: each is a `nndl sweep work` like those on one machine.

A job that is preempted, or whose time is up, is asked by submitit to save; its worker saves its trial, and the job is
queued again. Nothing but the command's words is pickled for it: the sweep's folder says the rest, NNDL_STORAGE where it
is kept. Those words are how a worker is begun anywhere, by hand on another machine too: what passes between processes,
as a file's format does, and no import of a room above this one.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nndl.errors import MissingExtraError, UsageError
from nndl.jobs.own_python import keep_folder_out, own_python
from nndl.jobs.sweeps.storage import storage_named
from nndl.paths import resolved

JOBS = "jobs"
"""The folder in the sweep's where submitit keeps scripts and what workers say."""
POLL_SECONDS = 0.2
MINUTES = 60
"""A job's time, where time= does not say it."""
MOST_REQUEUES = 1000
"""Times that a job may run out of time; each time its worker has got further."""


class Work:
    """A job: the worker's command, run to its end."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self._pid: int | None = None

    def __call__(self) -> None:
        """Run it; raises RuntimeError for an exit code that tells of an error."""
        with subprocess.Popen(self.words) as process:
            self._pid = process.pid
            _wait(process.pid)
        if process.returncode:
            raise RuntimeError(f"the worker ended with exit code {process.returncode}; this log has what it said")

    def checkpoint(self) -> Any:
        """Ask the worker to save its trial, wait until it has, and say what is to be queued again: the same."""
        from submitit.helpers import DelayedSubmission

        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGTERM)
            _wait(self._pid)
        return DelayedSubmission(Work(self.words))


def _wait(pid: int) -> None:
    """Wait for a child, and leave it to be waited for: no lock is held when a signal calls `checkpoint` in between."""
    with contextlib.suppress(ChildProcessError):
        while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            time.sleep(POLL_SECONDS)


def submit(
    folder: Path,
    workers: int,
    sets: Sequence[str],
    threads: int,
    options: Sequence[str] = (),
    *,
    url: str | None = None,
    cluster: str = "slurm",
) -> list[Any]:
    """Submit workers of the sweep in `folder`, as a job array where there are several; returns submitit's jobs.

    options: sbatch's own, KEY=VALUE: `partition=cpu`, `time=4:00:00`. url: the storage, if not in the folder. Raises
    MissingExtraError without submitit, and UsageError where there is no such cluster, or it refuses the job.
    """
    try:
        import submitit
    except ImportError:
        raise MissingExtraError("submitit", "slurm", "nndl sweep --slurm") from None
    given = {
        "slurm_cpus_per_task": threads,
        "slurm_job_name": f"nndl-{folder.name}",
        "slurm_additional_parameters": dict(map(_option, options)),
    }
    keep_folder_out()
    limits = {f"{each}_max_num_timeout": MOST_REQUEUES for each in ("slurm", "local")}
    try:
        executor = submitit.AutoExecutor(folder=resolved(folder) / JOBS, cluster=cluster, **limits)
        executor.update_parameters(timeout_min=MINUTES, **given)
        with storage_named(url), executor.batch():
            return [executor.submit(Work(command(folder, sets))) for _ in range(workers)]
    except (RuntimeError, submitit.core.utils.FailedJobError) as error:
        raise UsageError(f"--slurm: {error}") from None


def command(folder: Path, sets: Sequence[str]) -> list[str]:
    """Return a worker's command, for any machine that sees the folder."""
    words = [*own_python(), "-m", "nndl", "sweep", "work", str(resolved(folder))]
    return [*words, *(word for text in sets for word in ("--set", text))]


def _option(text: str) -> tuple[str, str]:
    key, is_pair, value = text.partition("=")
    if not (key and is_pair):
        raise UsageError(f"--slurm-set {text}: say KEY=VALUE, such as partition=cpu or time=4:00:00")
    return key.replace("-", "_"), value
