"""Make the pictures of the documentation from what nndl really shows: python -m docs.pictures [NAME...]

Each is a command, given on a terminal that pyte plays, on generated images; rich draws what then stands there. The
pages that `nndl report` and `nndl explain` write are photographed by a Chromium without a window. Takes a minute or
two; needs the extras docs and plot, and a system with pseudo-terminals.
"""

import os
import re
import select
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from io import StringIO
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

from nndl.runs.atomic import write_atomically

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
LARGEST = 300_000
"""Bytes of a picture."""
PATIENCE = 120.0
"""Seconds in which a command must be done."""
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")

SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font: 18px sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""rich's own format, but for the font that it loads from another host."""


class Shot(NamedTuple):
    """A picture of a terminal: the command, and what must stand there; taken at its end where nothing is said."""

    command: str
    when: str = ""
    columns: int = 100
    rows: int = 40


SHOTS = {
    "training": Shot("nndl train quickstart --epochs 8", when=r"epoch 6/8  step [2-9]\d/"),
    "runs": Shot("nndl runs"),
    "seeds": Shot("nndl runs --by-config"),
    "compare": Shot("nndl runs compare wider quickstart"),
    "plot": Shot("nndl plot latest"),
    "band": Shot("nndl plot quickstart-seeds"),
    "eval": Shot("nndl eval latest"),
    "summary": Shot("nndl summary quickstart"),
    "mistake": Shot("nndl config check mistake.yaml"),
}
PAGES = {"report": "report latest", "explain": "explain spatial_bn --html"}
"""Commands that write a page, photographs of whose top are taken."""
BEFORE = (
    "train quickstart --quiet --epochs 2 --seeds 3 --run-dir runs/quickstart-seeds",
    "train wider.yaml --quiet --epochs 4 --run-dir runs/wider",
)
"""Trainings that the others show, beside that of the picture `training`."""


def make(names: list[str], into: Path = PICTURES) -> None:
    """Make the pictures named, or all. Raises SystemExit in words for what cannot be had, once the rest is there."""
    known: dict[str, Callable[[Path], bytes]] = {
        **{name: partial(_svg, name, shot) for name, shot in SHOTS.items()},
        "curves": _curves,
        **{name: partial(_photo, command) for name, command in PAGES.items()},
    }
    if unknown := sorted(set(names) - set(known)):
        raise SystemExit(f"there is no picture {', '.join(unknown)}; there are {', '.join(known)}")
    with TemporaryDirectory() as made:
        _prepare(Path(made))
        missing = []
        for name, picture in known.items():
            if name in (names or known) or name == "training":  # which the others show
                try:
                    content = picture(Path(made))
                except FileNotFoundError as error:
                    missing.append(f"{name}: {error}")
                    continue
                if name in (names or known):
                    _write(into / f"{name}{'.png' if name in PAGES else '.svg'}", content)
    if missing:
        raise SystemExit("\n".join(missing))


def _write(path: Path, content: bytes) -> None:
    if len(content) > LARGEST:
        raise SystemExit(f"{path.name} has {len(content):,} bytes, more than {LARGEST:,}")
    write_atomically(path, content)
    print(f"{path}: {len(content) / 1000:,.0f} kB", flush=True)


def _prepare(folder: Path) -> None:
    """Write two configs, one with a mistake, and train what the pictures of several runs show."""
    text = (ROOT / "configs" / "quickstart.yaml").read_text(encoding="utf-8")
    wider = "name: wider\n" + text.replace("conv: {filters: 16", "conv: {filters: 24").replace(
        "- affine", "- dropout: {keep: 0.9}\n    - affine"
    )
    (folder / "wider.yaml").write_text(wider, encoding="utf-8")
    mistake = text.replace("- max_pool: 2", "- max_pol: 2", 1).replace("  epochs: 6", "  epoch: 6")
    (folder / "mistake.yaml").write_text(mistake, encoding="utf-8")
    for command in BEFORE:
        subprocess.run(
            [sys.executable, "-m", "nndl", *shlex.split(command)], cwd=folder, env=_environment(), check=True
        )


def _environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "JPY_PARENT_PID")}
    return own | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}


def _svg(name: str, shot: Shot, folder: Path) -> bytes:
    """Draw what stands on the terminal, as SVG."""
    out = Console(record=True, width=shot.columns, file=StringIO(), force_terminal=True, color_system="truecolor")
    out.print(Text.assemble(("$ ", "bright_black"), (shot.command, "bold")))
    for line in screen(shot, folder):
        out.print(line, no_wrap=True, crop=True)
    return out.export_svg(title="", code_format=SVG, unique_id=name).encode("utf-8")


def screen(shot: Shot, folder: Path) -> list[Text]:
    """Give the command on a terminal in `folder`, wait for its end, and return the lines there at its moment."""
    import pty
    import termios

    played = pyte.Screen(shot.columns, shot.rows)
    stream = pyte.ByteStream(played)
    inner, outer = pty.openpty()
    termios.tcsetwinsize(outer, (shot.rows, shot.columns))
    words = [sys.executable, "-m", *shlex.split(shot.command)]
    process = subprocess.Popen(words, cwd=folder, env=_environment(), stdin=outer, stdout=outer, stderr=outer)
    os.close(outer)
    taken: list[Text] = []
    until = time.monotonic() + PATIENCE
    while (more := _read(inner, until)) is not None:
        stream.feed(more)
        if shot.when and not taken and re.search(shot.when, "\n".join(played.display)):
            taken = _lines(played)
    os.close(inner)
    process.wait()
    if shot.when and not taken:
        raise SystemExit(f"{shot.command}: never showed {shot.when}, but at the end:\n" + "\n".join(played.display))
    return taken or _lines(played)


def _read(terminal: int, until: float) -> bytes | None:
    """Read what a terminal shows next; None at the end of its program."""
    if not select.select([terminal], [], [], max(0.0, until - time.monotonic()))[0]:
        raise SystemExit(f"a command took longer than {PATIENCE:.0f} s")
    try:
        return os.read(terminal, 65536) or None
    except OSError:  # as Linux says it
        return None


def _lines(played: Any) -> list[Text]:
    """Return the lines of a pyte screen up to the last that is not blank, with their colours."""
    lines = []
    for row in range(played.lines):
        cells = [played.buffer[row][column] for column in range(played.columns)]
        line = Text()
        for style, alike in groupby(cells, _style):
            line.append("".join(cell.data for cell in alike), style)
        line.rstrip()
        lines.append(line)
    while lines and not lines[-1].plain:
        lines.pop()
    return lines


def _style(cell: Any) -> Style:
    return Style(color=_colour(cell.fg), bold=cell.bold, italic=cell.italics)


def _colour(name: str) -> str | None:
    """Turn pyte's name of a colour into rich's."""
    if re.fullmatch("[0-9a-f]{6}", name):
        return f"#{name}"
    named = {"default": None, "brown": "yellow", "brightbrown": "bright_yellow"}
    return named[name] if name in named else name.replace("bright", "bright_")


def _curves(folder: Path) -> bytes:
    """Draw `nndl plot` as matplotlib does."""
    command = [sys.executable, "-m", "nndl", "plot", "latest", "--output", "curves.svg", "--force"]
    subprocess.run(command, cwd=folder, env=_environment(), check=True)
    return (folder / "curves.svg").read_bytes()


def _photo(command: str, folder: Path) -> bytes:
    """Take the top of the page that a command writes. Raises FileNotFoundError where there is no Chromium."""
    browser = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if browser is None:
        raise FileNotFoundError(f"needs one of {', '.join(CHROMIUMS)} (apt-get install chromium)")
    page, photo = folder / "page.html", folder / "page.png"
    words = [sys.executable, "-m", "nndl", *shlex.split(command), "--output", str(page)]
    subprocess.run(words, cwd=folder, env=_environment(), check=True)
    looks = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1000,1500"]
    subprocess.run(
        [browser, *looks, f"--user-data-dir={folder / 'browser'}", f"--screenshot={photo}", page.as_uri()],
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    return photo.read_bytes()


if __name__ == "__main__":
    make(sys.argv[1:])
