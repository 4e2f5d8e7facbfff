"""nndl in processes forked from one that has imported what most verbs need, and computed nothing.

A process of its own for each command, as people run it, without the second that importing takes: that is most of what
the command line's tests took. What Python reads as it starts (PYTHON..., the locale) is the first process's.
"""

import atexit
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from time import monotonic
from typing import Any

ROOT = Path(__file__).parents[2]
IMPORTED = (
    "nndl.cli.app",
    "nndl.jobs.resume",
    "nndl.cli.screen.training",
    "rich.live",
    "rich.table",
    "safetensors.numpy",
)
"""With these come NumPy, pydantic, the configs and the networks. A verb's own room is left for it to import."""


class Forking:
    """The process that is forked, and how to ask it: a line of JSON for each command, the answers lines of a number."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        atexit.register(self.end)

    def end(self) -> None:
        """End it, whatever it may be doing."""
        if self.process:
            self.process.kill()
            self.process.communicate()
        self.process = None

    def run(
        self, words: tuple[str, ...], cwd: Path, environment: dict[str, str], stdin: Path | None, timeout: float
    ) -> "subprocess.CompletedProcess[str]":
        """Run `nndl words...` to its end; returns what subprocess.run would."""
        with TemporaryDirectory() as name:
            said = [Path(name) / stream for stream in ("out", "err")]
            began = monotonic()
            try:
                streams = [str(stdin or os.devnull), *map(str, said)]
                self._tell({"words": words, "cwd": str(cwd), "environment": environment, "streams": streams})
                timer = Timer(timeout, os.kill, (self._answer(), signal.SIGKILL))
                timer.start()
                code = self._answer()
                timer.cancel()
            except BaseException:  # a test that is broken off: the answer would be taken for the next one's
                self.end()
                raise
            out, err = (path.read_text(encoding="utf-8") for path in said)
        if code == -signal.SIGKILL and monotonic() - began >= timeout:
            raise subprocess.TimeoutExpired(list(words), timeout, out, err)
        return subprocess.CompletedProcess(["nndl", *words], code, out, err)

    def _tell(self, request: dict[str, Any]) -> None:
        if self.process is None:
            words, pipe = [sys.executable, "-m", "tests.cli.forking"], subprocess.PIPE
            env = request["environment"]
            self.process = subprocess.Popen(words, cwd=ROOT, env=env, stdin=pipe, stdout=pipe, encoding="utf-8")
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def _answer(self) -> int:
        assert self.process is not None
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


def serve() -> dict[str, Any] | None:
    """Fork for each request; returns, in the fork, what it is to run, and None when there are no more requests."""
    for line in sys.stdin:
        number = os.fork()
        if number == 0:
            return dict(json.loads(line))
        print(number, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), flush=True)
    return None


def become(words: list[str], cwd: str, environment: dict[str, str], streams: list[str]) -> None:
    """Be `python -m nndl words...` in that folder, with files for stdin, stdout and stderr."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for stream, path in enumerate(streams):
        there = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(there, stream)
        os.close(there)
    sys.path[0] = cwd
    sys.argv = ["nndl", *words]
    runpy.run_module("nndl", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    for module in IMPORTED:
        import_module(module)
    gc.freeze()
    if request := serve():
        become(**request)
