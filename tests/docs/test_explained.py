"""Every explanation becomes a page of the site, which finds its place in the navigation."""

import shutil
import tomllib
from pathlib import Path

import pytest

from docs.explained import name_of, page, write_into
from docs.site import ROOT
from nndl.explain.notation.latex import as_latex
from nndl.explain.table import EXPLANATIONS
from nndl.explain.worked import example


def test_pages_stand_in_the_navigation(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    write_into(tmp_path)
    written = {path.name for path in (tmp_path / "docs").iterdir()}
    assert written == {name_of(each) for each in EXPLANATIONS.values()}
    project = tomllib.loads((tmp_path / "zensical.toml").read_text(encoding="utf-8"))["project"]
    section = next(part for part in project["nav"] if "For students" in part)["For students"]
    explained = next(part for part in section if "Explained" in part)["Explained"]
    assert explained[0] == "docs/explain.md"
    assert [*explained[1].values()] == ["docs/explain-affine.md"]
    assert len(explained) == 1 + len(EXPLANATIONS)


def test_a_page_without_its_line_in_the_navigation_is_told(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "zensical.toml").touch()
    with pytest.raises(SystemExit, match="no line"):
        write_into(tmp_path)


def test_a_page_has_every_formula_and_line() -> None:
    explanation = EXPLANATIONS["bn"]
    text = page(example(explanation))
    for step in explanation.steps:
        assert f"$$ {as_latex(step.parsed, explanation.variables)} $$" in text
        assert f"```python\n{step.numpy}\n```" in text
    assert "[nndl/layers.py](../nndl/layers.py), line " in text
    assert "= 1/3 · (1 + 3 + 5)" in text
    assert "\\[d\\]" in text  # brackets in prose are no links
