"""nndl in a process of its own, as people run it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.forking import Forking

ROOT = Path(__file__).parents[2]
FORKING = Forking()


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what changes output, with nndl importable from the clone."""
    unset = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "NNDL_DEBUG", "TERM", "PYTHONWARNINGS")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "OMP_NUM_THREADS": "1"} | more


def nndl(*words: str, cwd: Path, stdin: Path | None = None, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run `nndl words...` in `cwd` to its end, with more variables than this process has.

    stdin is a file or nothing, stdout no terminal. Forked from a process that has imported what takes a second to,
    where that is safe and no variable, which Python or a library may read as it starts, differs.
    """
    if sys.platform == "linux" and variables.keys() <= {"COLUMNS"}:
        return FORKING.run(words, cwd, environment(**variables), stdin, timeout=100)
    with (stdin or Path(os.devnull)).open("rb") as file:
        return subprocess.run(
            [sys.executable, "-m", "nndl", *words],
            cwd=cwd,
            env=environment(**variables),
            stdin=file,
            capture_output=True,
            text=True,
            encoding=variables.get("PYTHONIOENCODING", "utf-8"),
            timeout=100,
            check=False,
        )


def started(*words: str, cwd: Path) -> "subprocess.Popen[str]":
    """Start `nndl words...` in `cwd`; stdout and stderr are pipes."""
    command = [sys.executable, "-m", "nndl", *words]
    return subprocess.Popen(
        command, cwd=cwd, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
