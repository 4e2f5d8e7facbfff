"""The site's check sees links that lead nowhere and what a page would load from another host."""

from pathlib import Path

import pytest

from docs.site import ROOT, faults, stage

GOOD = '<link rel="stylesheet" href="style.css"><a href="other.html#there">x</a><a href="https://example.org/x">y</a>'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "style.css").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "index.html").write_text("<h1>x</h1>", encoding="utf-8")
    (tmp_path / "other.html").write_text('<h2 id="there">x</h2> <a href="#there">x</a>', encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("html", "said"),
    [
        (GOOD, []),
        ('<a href="folder/">x</a>', []),
        ('<a href="nothing.html">x</a>', ["page.html: nothing.html is not there"]),
        ('<img src="pictures/x.svg">', ["page.html: pictures/x.svg is not there"]),
        ('<a href="other.html#here">x</a>', ["page.html: other.html#here: no such place on that page"]),
        ('<a href="#here">x</a>', ["page.html: #here: no such place on that page"]),
        ('<script src="https://example.org/x.js"></script>', ["page.html: loads https://example.org/x.js"]),
        ('<link href="//example.org/font.css">', ["page.html: loads //example.org/font.css"]),
    ],
)
def test_faults_of_a_page(site: Path, html: str, said: list[str]) -> None:
    (site / "page.html").write_text(html, encoding="utf-8")
    assert list(faults(site)) == said


def test_pages_and_sources_are_staged_and_nothing_else(tmp_path: Path) -> None:
    """In a folder with an environment in it zensical looks through that, and hangs."""
    stage(tmp_path)
    names = {"zensical.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "nndl"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert {path.suffix for path in tmp_path.rglob("*.*")}.isdisjoint({".so", ".dylib", ".pyc"})


def test_every_page_of_docs_stands_in_the_navigation() -> None:
    navigation = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    pages = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
    assert [name for name in pages if f'"docs/{name}"' not in navigation] == []
