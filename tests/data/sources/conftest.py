"""Every test has caches of its own."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the caches."""
    monkeypatch.setenv("NNDL_CACHE", str(tmp_path / "caches"))
    return tmp_path / "caches"
