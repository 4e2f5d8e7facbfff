"""Processes that work in turns, in short bursts, so that a noisy machine is noisy for all of them.

Each says once what it is, and then for each line of its input, a number of seconds, works about so long and answers;
what it says is JSON, a line each. Only the standard library is needed: a contender's Python may have no NumPy.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nndl.errors import TrainingError


class Process:
    """A process that works when told to."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], within: Path | None = None
    ) -> None:
        """Start it, with an environment that is this one's but for some variables, in the folder `within`."""
        self.name = name
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed by `end`; a pipe would fill up)
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            cwd=within,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
        )

    def burst(self, seconds: float) -> Any:
        """Let it work about so long; returns its answer."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # of one that has ended: `answer` says so
            self.process.stdin.write(f"{seconds}\n")
            self.process.stdin.flush()
        return self.answer()

    def answer(self) -> Any:
        """Return what it says next; raises TrainingError, with its last words, where it has ended instead."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.process.wait()
        self._errors.seek(0)
        words = self._errors.read().decode(errors="replace").strip()
        raise TrainingError(f"{self.name} ended without an answer:\n{words}")

    def end(self) -> None:
        """Let it end, and wait until it has."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # of one that ended before it read all
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self._errors.close()


def serve(first: object, burst: Callable[[float], object]) -> None:
    """Be such a process: say `first`, then answer every number of seconds with what `burst` returns for it."""
    _say(first)
    for line in sys.stdin:
        _say(burst(float(line)))


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)
