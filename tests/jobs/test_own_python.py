"""Processes that nndl starts take its code from where it is, whatever lies in the folder they stand in."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nndl.jobs.own_python import own_python
from nndl.jobs.parallel import start_mpi
from nndl.jobs.sweeps import slurm


@pytest.mark.parametrize(
    "command",
    [
        lambda: [*own_python(), "-m", "nndl", "--version"],
        lambda: [*slurm.command(Path("sweep"), ())[:4], "--version"],
        lambda: start_mpi.command(1, ["-m", "nndl", "--version"]),
    ],
)
def test_modules_of_the_working_folder_are_not_run(command: Callable[[], list[str]], tmp_path: Path) -> None:
    for name in ("nndl", "numpy", "typer", "yaml"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'w'); raise SystemExit(3)", encoding="utf-8")
    done = subprocess.run(command(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("nndl ")
    assert not (tmp_path / "ran").exists()
