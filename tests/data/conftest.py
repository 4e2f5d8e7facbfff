"""Hosts on this machine are asked directly; a file to be fetched has a place."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask 127.0.0.1 directly, whatever proxy the machine uses."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "file.tar.gz"
