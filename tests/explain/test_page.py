"""Pages: formulas as MathML, nothing from a network, and words where the package for formulas is missing."""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from nndl.errors import MissingExtraError
from nndl.explain.page import page
from nndl.explain.record import Explanation
from nndl.explain.table import EXPLANATIONS
from nndl.explain.worked import example
from tests.cli.command import nndl


class Parsed(HTMLParser):
    """A page: its text, how many elements of each kind, what it loads, headings."""

    VOID = ("meta", "link", "br", "path", "rect")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.kinds: dict[str, int] = {}
        self.loads: list[str] = []
        self.open: list[str] = []
        self.text = self.maths = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.kinds[tag] = self.kinds.get(tag, 0) + 1
        self.loads += [value or "" for name, value in attrs if name == "src" or (name == "href" and tag != "a")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_data(self, data: str) -> None:
        self.text += data
        self.maths += data if "math" in self.open else ""


@pytest.mark.parametrize("explanation", EXPLANATIONS.values(), ids=list(EXPLANATIONS))
def test_each_has_a_page_that_loads_nothing(explanation: Explanation) -> None:
    pytest.importorskip("latex2mathml")
    found = Parsed(page(example(explanation)))
    assert found.open == []
    assert found.kinds["math"] == len(explanation.steps)
    assert found.kinds["svg"] == 1
    assert "\\" not in found.maths
    assert found.loads == ["data:,"]
    assert "script" not in found.kinds
    for step in explanation.steps:
        assert step.why in found.text
        assert step.numpy in found.text
    for function in explanation.functions:
        assert f"{function.__name__}" in found.text
    assert re.search(r"nndl/\w+(/\w+)*\.py:\d+", found.text)


def test_without_the_package_for_formulas_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "latex2mathml", None)
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    with pytest.raises(MissingExtraError, match=re.escape("pip install 'nndl[explain]'")):
        page(example(EXPLANATIONS["relu"]))


def test_the_command_writes_a_page_or_a_folder_of_them(tmp_path: Path) -> None:
    pytest.importorskip("latex2mathml")
    done = nndl("explain", "batchnorm", "--html", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "bn.html\n")
    assert "<math" in (tmp_path / "bn.html").read_text(encoding="utf-8")
    every = nndl("explain", "--html", "-o", "pages", cwd=tmp_path)
    assert every.returncode == 0, every.stderr
    names = {path.stem for path in (tmp_path / "pages").iterdir()}
    assert names == {*EXPLANATIONS, "index"}
    index = (tmp_path / "pages" / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'href="(\w+)\.html"', index)) == set(EXPLANATIONS)
    again = nndl("explain", "bn", "--html", "-o", "nowhere/bn.html", cwd=tmp_path)
    assert again.returncode == 2
    assert "name a file in a folder that is there" in again.stderr


def test_the_page_of_a_layer_with_a_batch_needs_no_package(tmp_path: Path) -> None:
    done = nndl("explain", "quickstart", "--layer", "1", "--html", "-o", "conv.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = Parsed((tmp_path / "conv.html").read_text(encoding="utf-8"))
    assert found.open == []
    assert found.kinds["table"] == 1
    assert "out[0,0,0,0] = " in found.text
