"""Mistakes that people make, and every word that nndl answers. After a change: python -m tests.config.regenerate."""

from pathlib import Path

import pytest

from tests.config.regenerate import WRONG, said


@pytest.mark.parametrize("path", sorted(WRONG.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_wrong_config_is_answered_so(path: Path) -> None:
    assert said(path) == path.with_suffix(".txt").read_text(encoding="utf-8")
