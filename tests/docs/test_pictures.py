"""The pictures are what nndl shows, small, and load nothing; README shows two of them."""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
THERE = sorted((ROOT / "docs" / "pictures").iterdir())


@pytest.mark.parametrize("path", THERE, ids=lambda path: path.name)
def test_each_is_small_and_needs_nothing_but_itself(path: Path) -> None:
    assert path.stat().st_size < 300_000
    if path.suffix == ".svg":
        text = path.read_text(encoding="utf-8")
        ElementTree.fromstring(text)
        assert not re.search(r"@import|@font-face|<script|<image|url\(\s*[\"']?[^#\"']|href=\"[^#]", text)
    else:
        assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("path", THERE, ids=lambda path: path.name)
def test_each_stands_on_a_page(path: Path) -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    assert any(f"pictures/{path.name})" in page.read_text(encoding="utf-8") for page in pages)


def test_the_readme_shows_a_training_and_a_report() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {"docs/pictures/training.svg", "docs/pictures/report.png"} <= set(re.findall(r"!\[.+\]\((.+)\)", text))


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
def test_a_picture_shows_what_stands_on_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyte")
    from docs import pictures

    shot = pictures.Shot("nndl runs", columns=70, rows=8)
    monkeypatch.setitem(pictures.SHOTS, "runs", shot)
    monkeypatch.setattr(pictures, "_prepare", lambda _: None)
    made = [line.plain for line in pictures.screen(shot, tmp_path)]
    assert made == ["no run under runs; nndl train quickstart makes one"]
    svg = pictures._svg("runs", shot, tmp_path).decode("utf-8")
    text = "".join(ElementTree.fromstring(svg).itertext()).replace("\u00a0", " ")
    assert "$ nndl runs" in text
    assert "no run under runs" in text
    never = shot._replace(when="never said")
    with pytest.raises(SystemExit, match="never showed never said"):
        pictures.screen(never, tmp_path)


def test_what_cannot_be_had_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("pyte")
    from docs import pictures

    with pytest.raises(SystemExit, match="there is no picture of-nothing; there are training, "):
        pictures.make(["of-nothing"], tmp_path)
    monkeypatch.setattr(pictures, "_prepare", lambda _: None)
    monkeypatch.setattr(pictures, "_svg", lambda *_: b"<svg/>")
    monkeypatch.setattr(pictures.shutil, "which", lambda _: None)
    with pytest.raises(SystemExit, match="report: needs one of chromium"):
        pictures.make(["report", "plot"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["plot.svg"]
    monkeypatch.setattr(pictures, "_svg", lambda *_: b" " * 300_001)
    with pytest.raises(SystemExit, match=r"plot\.svg has 300,001 bytes"):
        pictures.make(["plot"], tmp_path)
