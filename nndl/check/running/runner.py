"""A student's file in a process of its own, with limits: what it does there costs nobody else anything."""

import contextlib
import functools
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from nndl.check.running.executor import decoded, encoded
from nndl.paths import resolved

Answer = dict[str, Any]

LINE = 2**27
"""Characters of the longest answer that is read."""
ANSWERS = ({"value"}, {"skipped"}, {"raised", "message", "traceback"})
"""Words of which an answer to a step has one set."""
NO_SENSE = "what it answered makes no sense"
MEMORY = 2**31
"""Bytes of address space that a student's process may take."""
APART = ("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child")
"""Puts a process apart on Linux: no network, and whatever it forks ends with it."""
WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""Ends a process with the one that started it, also where that is killed."""


class TimedOut(Exception):  # noqa: N818
    """A step did not end in its time; the process is gone."""


class Died(Exception):  # noqa: N818
    """The process ended by itself: the message says how."""


@functools.cache
def apart() -> tuple[str, ...]:
    """Return the words that put a process into namespaces of its own; none where the system does not allow it."""
    return next((words for words in ((*WITH_US, *APART), APART) if _work(words)), ())


def _work(words: tuple[str, ...]) -> bool:
    try:
        return subprocess.run([*words, "true"], capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def isolation() -> str:
    """Say in words what keeps a student's process from the network."""
    return "own network and process namespaces" if apart() else "sockets and processes refused by Python's audit hook"


class Runner:
    """The process of one file. A context manager; `run` starts the process, and starts it anew once it is gone."""

    def __init__(self, file: Path, *, seconds: float = 10.0, memory: int = MEMORY) -> None:
        self.file, self.seconds, self.memory = resolved(file), seconds, memory
        self.process: subprocess.Popen[str] | None = None
        self.folder = tempfile.TemporaryDirectory(prefix="nndl-check-", ignore_cleanup_errors=True)
        self.lines: queue.Queue[str] = queue.Queue()

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.folder.cleanup()

    def load(self) -> Answer:
        """Start the process and import the file; return its answer. Raises TimedOut, Died."""
        self.stop()
        environment = {name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT", "LANG")}
        environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
        environment["HOME"] = self.folder.name
        child = str(Path(__file__).with_name("child.py"))
        self.process = subprocess.Popen(
            [*apart(), sys.executable, "-P", "-s", child],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.folder.name,
            env=environment,
            text=True,
            encoding="utf-8",
            start_new_session=os.name == "posix",
        )
        assert self.process.stdout is not None
        self.lines = queue.Queue()
        threading.Thread(target=_read, args=(self.process.stdout, self.lines), daemon=True).start()
        ours = str(Path(__file__).parents[3])
        self._send({"file": str(self.file), "ours": ours, "memory": self.memory, "seconds": 600})
        return self._next(time.monotonic() + self.seconds + 5)

    def run(self, program: Mapping[str, Any], until: float | None = None) -> Iterator[Answer]:
        """Yield the answers to a program's steps as they come. Raises TimedOut, Died."""
        if self.process is None:
            answer = self.load()
            if "raised" in answer:
                raise Died(f"{answer['raised']}: {answer['message']}")
        self._send(encoded(program))
        until = time.monotonic() + self.seconds if until is None else until
        while "end" not in (answer := self._next(until)):
            if not any(answer.keys() >= words for words in ANSWERS):
                self.stop()
                raise Died(NO_SENSE)
            yield answer

    def _send(self, value: Any) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(value) + "\n")
            self.process.stdin.flush()
        except OSError as error:
            raise Died(self._how()) from error

    def _next(self, until: float) -> Answer:
        try:
            line = self.lines.get(timeout=max(0.001, until - time.monotonic()))
        except queue.Empty:
            self.stop()
            raise TimedOut from None
        if not line:
            raise Died(self._how())
        try:
            answer = json.loads(line)
            return dict(decoded(answer) if "$" in answer else answer)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            self.stop()
            raise Died(NO_SENSE) from error

    def _how(self) -> str:
        """Say how the process ended, and clear it away."""
        process = self.process
        code = None
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(timeout=2)
        self.stop()
        number = -(code or 0) if (code or 0) < 0 else (code or 0) - 128
        if number > 0:
            return f"its process was ended by signal {number} (memory or CPU time beyond the limit, or a crash in C)"
        return "it ended its process (exit, os._exit)"

    def stop(self) -> None:
        """End the process, and all that it started."""
        process, self.process = self.process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()


def _read(stream: IO[str], lines: "queue.Queue[str]") -> None:
    """Put each line into the queue, then an empty one; of a line without end, nothing more."""
    with contextlib.suppress(OSError, ValueError):
        while (line := stream.readline(LINE)) and line.endswith("\n"):
            lines.put(line)
    lines.put("")
