"""Code that a test chooses to run is known to that test alone."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def known_here_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNDL_KNOWN_CODE", str(tmp_path / "known-code"))
    monkeypatch.delenv("NNDL_TRUST", raising=False)
