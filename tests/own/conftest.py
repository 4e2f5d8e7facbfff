"""Code that a test chooses to run is known to that test alone; a stranger's is known to none."""

import shutil
from pathlib import Path

import pytest

from tests.own.stranger import train


@pytest.fixture(autouse=True)
def known_here_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNDL_KNOWN_CODE", str(tmp_path / "known-code"))
    monkeypatch.delenv("NNDL_TRUST", raising=False)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs of a stranger, whose code leaves a mark where it is run, and their config."""
    folder = tmp_path_factory.mktemp("stranger")
    with pytest.MonkeyPatch.context() as during:
        during.setenv("NNDL_KNOWN_CODE", str(folder / "known-code"))
        during.setenv("MARKER", str(folder / "it was run"))
        train(folder)
    return folder


@pytest.fixture
def stranger(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, to work in; the mark is the file "it was run" there."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("MARKER", str(tmp_path / "it was run"))
    monkeypatch.chdir(tmp_path)
    return tmp_path
