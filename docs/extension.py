"""Markdown of the site beyond that of a forge: formulas without scripts, and links to sources.

zensical loads it (zensical.toml). A formula, `$x$`, becomes MathML, which browsers draw themselves; a link to a module,
`[the solver](../nndl/train/solver.py)`, leads to its page in the reference, and one to any other file that the site
lacks loses its link.
"""

import re
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert
from markdown import Extension, Markdown
from markdown.postprocessors import Postprocessor
from markdown.treeprocessors import Treeprocessor

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")  # at the top of the repository, and in zensical.toml
OUTSIDE = re.compile(
    r"\.\./(?!docs/)|(nndl|cs231n|tests|benchmarks|configs|data|\.ci|\.github)/|(\.\./)?(docs/)?[\w.]+\.(py|toml|cff)$"
)
INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
BLOCK = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)


def module_at(path: str) -> str | None:
    """Return the name of nndl's module or package at a path of the repository, or None."""
    file = ROOT / path
    if file.name == "__init__.py":
        file = file.parent
    is_module = (file.is_file() and file.suffix == ".py") or (file / "__init__.py").is_file()
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts) if is_module and parts[0] == "nndl" else None


class Formulas(Postprocessor):
    """Turns what pymdownx.arithmatex marked as a formula into MathML."""

    def run(self, text: str) -> str:
        """Return a page's HTML with its formulas drawn."""
        text = INLINE.sub(lambda found: convert(unescape(found[1])), text)
        return BLOCK.sub(lambda found: convert(unescape(found[1]), display="block"), text)


class Links(Treeprocessor):
    """Sends links to modules into the reference, and takes links to other files of the repository away."""

    def run(self, root: Element) -> None:
        """Change the links below `root`."""
        for link in root.iter("a"):
            path = link.get("href", "")
            if Path(path).name in PAGES or not OUTSIDE.match(path):
                continue
            link.attrib.pop("href")
            module = module_at(path.removeprefix("../"))
            link.tag = "autoref" if module else "span"
            if module:
                link.set("identifier", module)


class SiteExtension(Extension):
    """Formulas and links."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Add both to a Markdown converter."""
        md.treeprocessors.register(Links(md), "links to sources", 0)
        md.postprocessors.register(Formulas(md), "formulas", 0)


def makeExtension(**options: Any) -> SiteExtension:  # noqa: N802
    """Return the extension; the name is the one that Python-Markdown looks for."""
    return SiteExtension(**options)
