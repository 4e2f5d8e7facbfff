"""Formulas in the site's Markdown, and links to files that the site does not have."""

import pytest

pytest.importorskip("markdown", reason="needs the extra docs")
pytest.importorskip("latex2mathml", reason="needs the extra docs")

from markdown import markdown

from docs.extension import SiteExtension


def rendered(text: str) -> str:
    return markdown(text, extensions=["pymdownx.arithmatex", SiteExtension()], extension_configs=GENERIC)


GENERIC = {"pymdownx.arithmatex": {"generic": True}}


def test_a_formula_is_mathml() -> None:
    html = rendered("so $x < y$ holds")
    assert "<mi>x</mi><mo>&#x0003C;</mo><mi>y</mi>" in html
    assert 'display="inline"' in html
    assert "arithmatex" not in html


def test_a_formula_on_lines_of_its_own_is_a_block() -> None:
    assert 'display="block"' in rendered("so\n\n$$ x = y $$\n\nholds")


@pytest.mark.parametrize("path", ["../nndl/train/solver.py", "nndl/train/solver.py"])
def test_a_link_to_a_module_leads_into_the_reference(path: str) -> None:
    assert '<autoref identifier="nndl.train.solver">it</autoref>' in rendered(f"[it]({path})")


@pytest.mark.parametrize("path", ["../nndl/net/catalog/", "nndl/net/catalog", "nndl/net/catalog/__init__.py"])
def test_a_link_to_a_room_leads_to_its_package(path: str) -> None:
    assert '<autoref identifier="nndl.net.catalog">it</autoref>' in rendered(f"[it]({path})")


@pytest.mark.parametrize(
    "path", ["../benchmarks/fuzz.py", "nndl/engines/compiled/kernels/", "pyproject.toml", "docs/site.py"]
)
def test_a_link_to_a_file_that_the_site_lacks_is_text(path: str) -> None:
    assert rendered(f"[it]({path})") == "<p><span>it</span></p>"


@pytest.mark.parametrize("path", ["layers.md", "../CHANGELOG.md", "#losses", "https://example.org/nndl/x.py"])
def test_other_links_stay(path: str) -> None:
    assert f'href="{path}"' in rendered(f"[it]({path})")
