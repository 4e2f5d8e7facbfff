"""Build the documentation as a site, strictly, and look for what leads nowhere: python -m docs.site.

zensical (zensical.toml) writes site/ and counts links to pages and headings that are not there. What it lets pass is
looked for here: complaints of the generator of the reference, built links that lead nowhere, and what a page
would load from another host.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from subprocess import PIPE, STDOUT
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

from docs.explained import write_into

ROOT = Path(__file__).parents[1]
SITE = ROOT / "site"
PATIENCE = 300.0
"""Seconds in which zensical must be done."""
FOLLOWED = ("a", "area")  # what a reader may follow to another host; all else is loaded with the page


class Page(HTMLParser):
    """A built page: the places it has and the links it wants."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element's id, and where it leads or what it loads."""
        has = {name: value or "" for name, value in attrs}
        if "id" in has:
            self.ids.add(has["id"])
        for name in ("href", "src"):
            if name in has:
                (self.links if tag in FOLLOWED else self.loads).append(has[name])


def faults(site: Path) -> Iterator[str]:
    """Yield a line for each link of the pages below `site` that leads nowhere, and each file loaded from elsewhere."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        if path.name == "404.html":  # its links are those of the place it will be served from
            continue
        about = path.relative_to(site).as_posix()
        yield from (f"{about}: loads {url}" for url in page.loads if urlsplit(url).netloc)
        for url in [*page.links, *page.loads]:
            scheme, host, name, _, fragment = urlsplit(url)
            if scheme or host:
                continue
            target = (path.parent / unquote(name)).resolve() if name else path
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                yield f"{about}: {url} is not there"
            elif fragment and target in pages and unquote(fragment) not in pages[target].ids:
                yield f"{about}: {url}: no such place on that page"


def stage(folder: Path) -> None:
    """Copy to `folder` what the site is made of: beside an environment, which zensical looks through, it hangs."""
    for name in ("zensical.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder)
    for name in ("docs", "nndl"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.dylib"))
    write_into(folder)


def build() -> str:
    """Let zensical write the site anew; return what it printed.

    Raises:
        SystemExit: if it counted a fault, or the reference's generator complained.
    """
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    with TemporaryDirectory() as name:
        stage(Path(name))
        done = subprocess.run(
            command, cwd=name, encoding="utf-8", stdout=PIPE, stderr=STDOUT, check=False, timeout=PATIENCE
        )
        said = re.sub(r"\x1b\[[\d;]*m", "", done.stdout).partition("Traceback")[0]
        if done.returncode or re.search(r"\b(ERROR|WARNING)\b", said):
            raise SystemExit(said)
        shutil.rmtree(SITE, ignore_errors=True)
        shutil.move(Path(name) / "site", SITE)
    return said


if __name__ == "__main__":
    print(build().strip())
    if found := list(faults(SITE)):
        raise SystemExit("\n".join(found))
    print(f"{SITE.relative_to(ROOT)}/: {len(list(SITE.rglob('*.html')))} pages, and every link leads somewhere")
