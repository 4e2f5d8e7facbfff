"""nndl in processes forked from this one, which has imported everything and computed nothing (POSIX only)."""

import os
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported: what is forked must have no threads


def start(words: list[str], output: Path, within: Path | None = None) -> int:
    """Begin `nndl words...` in the folder `within`, its output appended to a file; returns the process's number."""
    number = os.fork()
    if number:
        return number
    from nndl.cli.app import app

    with output.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    if within is not None:
        os.chdir(within)
    code = 70
    try:
        app(words, prog_name="nndl")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        os._exit(code)
