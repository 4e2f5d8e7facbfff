"""Watching the processes of a check: their number and memory, on systems that tell (Linux), and their time."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.25
MOST_PROCESSES = 64


@dataclass(frozen=True)
class Bounds:
    """The bounds of one submission's check."""

    seconds: float = 10.0
    """One function's time."""
    total: float = 300.0
    """The whole submission's time."""
    memory: int = 2**31
    """Bytes that the student's process may take; all processes of the check may take GIBIBYTE more."""


GIBIBYTE = 2**30


class Watch(threading.Thread):
    """Ends a process, with all that it started, once a bound is passed or `stop` is set.

    whole: its processes are in a namespace, so that they end with it.
    """

    def __init__(self, process: "subprocess.Popen[str]", bounds: Bounds, stop: threading.Event, *, whole: bool) -> None:
        super().__init__(daemon=True)
        self.process, self.bounds, self.stop, self.whole = process, bounds, stop, whole
        self.until = time.monotonic() + bounds.total
        self.passed = ""
        """The bound that was passed, in words."""
        self.over = threading.Event()
        """To be set once the process has ended: nobody waits for the next look at it."""

    def run(self) -> None:
        while self.process.poll() is None:
            tree = descendants(self.process.pid)
            self.passed = self._passed(tree)
            if self.passed:
                end(self.process, [] if self.whole else list(tree))
                return
            self.over.wait(EVERY)

    def _passed(self, tree: dict[int, int]) -> str:
        if self.stop.is_set():
            return "interrupted"
        if time.monotonic() > self.until:
            return f"the whole check did not end within {self.bounds.total:g} s"
        if len(tree) > MOST_PROCESSES:
            return f"it started more than {MOST_PROCESSES} processes"
        if sum(tree.values()) > self.bounds.memory + GIBIBYTE:
            return f"its processes took more than {(self.bounds.memory + GIBIBYTE) / GIBIBYTE:g} GiB of memory together"
        return ""


def end(process: "subprocess.Popen[str]", tree: list[int]) -> None:
    """End a process, its group, and the processes of its tree, which have groups of their own."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    for pid in tree:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> dict[int, int]:
    """Return the memory in bytes of a process and of all that stem from it, by process id; nothing but on Linux."""
    parents: dict[int, int] = {}
    memory: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = entry.read_text(encoding="latin-1").rpartition(")")[2].split()
            own = int(entry.parent.name)
            parents[own], memory[own] = int(fields[1]), int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    found = {pid} & memory.keys()
    new = found
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found = found | new
    return {each: memory[each] for each in found}
