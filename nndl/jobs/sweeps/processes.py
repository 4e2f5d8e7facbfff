"""The processes of a sweep on this machine: one for each worker, started, asked to end, and waited for."""

import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import IO

from nndl.jobs.sweeps.slurm import command
from nndl.jobs.sweeps.storage import storage_named
from nndl.jobs.sweeps.study import Study, Trial

POLL_SECONDS = 1.0


class Processes:
    """A sweep's workers, each a process that trains trials until there are none."""

    def __init__(self, study: Study, workers: int, sets: Sequence[str], url: str | None) -> None:
        """Start them. `sets`: changes of every trial's config; `url`: the storage, named where no list shows it."""
        self._study = study
        self._told = {trial.number for trial in study.trials() if trial.finished}
        words = [*command(study.folder, sets), "--quiet"]
        apart = sys.platform != "win32"  # the terminal's Ctrl+C is this process's to hand on, once
        with contextlib.ExitStack() as files, storage_named(url):
            # what they say goes into files, since a pipe that nobody reads would fill up
            self._said = [files.enter_context(tempfile.TemporaryFile()) for _ in range(workers)]
            self._all = [
                subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=said, start_new_session=apart)
                for said in self._said
            ]
            self._files = files.pop_all()

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *error: object) -> None:
        self._files.close()

    @property
    def exit_codes(self) -> list[int | None]:
        """Return the exit code of each; None of one that runs."""
        return [process.poll() for process in self._all]

    def ask(self, number: int) -> None:
        """Ask all to save their trials and end, by the signal `number`."""
        for process in self._all:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number if sys.platform != "win32" else signal.SIGTERM)

    def kill(self) -> None:
        """End all at once."""
        for process in self._all:
            process.kill()
        for process in self._all:
            process.wait()

    def wait(self, told: Callable[[Trial], None]) -> list[str]:
        """Wait until all have ended; returns what those that failed said. `told` is given each trial that ends."""
        while True:
            running = None in self.exit_codes
            for trial in self._study.trials():
                if trial.finished and trial.number not in self._told:
                    self._told.add(trial.number)
                    told(trial)
            if not running:
                break
            time.sleep(POLL_SECONDS)
        return [
            words for said, code in zip(self._said, self.exit_codes, strict=True) if code and (words := _read(said))
        ]


def _read(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read().decode(errors="replace").rstrip()
