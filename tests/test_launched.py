"""Whoever is one of several processes is told so by its launcher's environment."""

import subprocess
import sys
from pathlib import Path

import pytest

from nndl.launched import VARIABLES, Launched, is_follower, launched
from tests.cli.command import environment


@pytest.fixture(autouse=True)
def _no_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    for names in VARIABLES:
        for name in names:
            monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("rank", "size"), VARIABLES)
def test_launchers_tell_rank_and_number(rank: str, size: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert launched() is None
    monkeypatch.setenv(rank, "3")
    assert launched() is None
    monkeypatch.setenv(size, "4")
    assert launched() == Launched(3, 4)
    assert is_follower()
    monkeypatch.setenv(rank, "0")
    assert not is_follower()
    monkeypatch.setenv(size, "1")
    assert launched() is None


def test_several_processes_without_an_mpi_are_told_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "mpi4py.py").write_text("raise ImportError('none here')", encoding="utf-8")
    variables = environment(PMI_RANK="0", PMI_SIZE="2")
    variables["PYTHONPATH"] = f"{tmp_path}:{variables['PYTHONPATH']}"
    words = ["-m", "nndl", "train", "quickstart", "--synthetic", "--run-dir", str(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, *words], env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: training on several processes needs mpi4py and an MPI (the system's, or pip install mpich): "
        "pip install 'nndl[mpi]'\n"
    )
    assert not (tmp_path / "run").exists()
