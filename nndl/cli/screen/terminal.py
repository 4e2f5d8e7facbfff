"""The terminal: lines, tables, bars, JSON. The only module that knows rich; it imports it when first drawn.

Results go to stdout, what is said by the way (notes, bars of downloads) to stderr, so that a pipe gets results only.
Whatever is printed may quote a stranger (a run's name, a host's words), so each way out makes control characters
visible; colours are given beside the text, never in it.
"""

import json
import math
import os
import sys
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from nndl.launched import launched
from nndl.visible import visible, visible_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.text import Text

WIDTH_OF_A_FILE = 160  # columns of a table that goes to a file or a pipe: wide enough to cut nothing

Parts = Sequence[tuple[str, str | None]]
"""A line as (text, rich style or None) pieces."""


def is_terminal() -> bool:
    """Tell whether stdout is looked at as it is written."""
    return _is_terminal(sys.stdout)


def _is_terminal(stream: TextIO) -> bool:
    """Tell a person's terminal from one that a launcher made for each of its processes, as Open MPI does."""
    return stream.isatty() and launched() is None


def can_redraw(stream: TextIO | None = None) -> bool:
    """Tell whether stdout, or `stream`, has a cursor to draw over what was written, whose moves nobody records."""
    return (
        _is_terminal(stream or sys.stdout) and os.environ.get("TERM") not in ("dumb", "unknown") and not _in_notebook()
    )


def _in_notebook() -> bool:
    """Tell whether a notebook's cell gave the command (`!nndl train`): it makes a terminal, and keeps all codes."""
    environment = os.environ
    of_a_kernel = environment.get("TERM") == "xterm-color" and environment.get("GIT_PAGER") == "cat"
    return "JPY_PARENT_PID" in environment or of_a_kernel


def say(line: str = "") -> None:
    """Print a plain line on stdout, seen at once even through a pipe."""
    print(visible_lines(line), flush=True)


def say_words(words: str) -> None:
    """Print prose on stdout; a terminal breaks its lines between words and before no unit."""
    say(_wrapped(words) if is_terminal() else words)


def note_words(words: str) -> None:
    """Print prose on stderr likewise."""
    note(_wrapped(words) if _is_terminal(sys.stderr) else words)


def _wrapped(words: str) -> str:
    lines = visible_lines(words).replace(" %", "\0%").split("\n")
    return "\n".join(map(_filled, lines)).replace("\0", " ")


def _filled(line: str) -> str:
    """Break a line between words; what follows the first is indented as that."""
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(line.strip(), max(20, width()), initial_indent=indent, subsequent_indent=indent, **_WRAPPING)


_WRAPPING: Any = {"break_long_words": False, "break_on_hyphens": False, "replace_whitespace": False}


def note(line: str) -> None:
    """Print a plain line on stderr, for people, not for programs that read the result; unread, it is no error."""
    with suppress(OSError):
        print(visible_lines(line), file=sys.stderr, flush=True)


def plain(value: Any) -> Any:
    """Return `value` as JSON can hold it: NumPy scalars and arrays as numbers and lists, NaN and infinity as null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def emit_json(value: Any, indent: int | None = None) -> None:
    """Print `value` as JSON on stdout; one line unless `indent` is given."""
    say(json.dumps(plain(value), indent=indent, allow_nan=False).replace("\x7f", r"\u007f"))  # json leaves this one


@cache
def console(stderr: bool = False) -> "Console":
    """Make the rich console of stdout or stderr. rich itself honours NO_COLOR, COLUMNS and boxes without Unicode."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not made.is_terminal and "COLUMNS" not in made._environ:
        made.width = WIDTH_OF_A_FILE
    return made


def width() -> int:
    """Return the columns of the terminal, or of a file."""
    return console().width


def can_print(text: str) -> bool:
    """Tell whether stdout's encoding has these characters."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def has_colours() -> bool:
    """Tell whether stdout shows colours: a terminal that can, and nobody who asked for none."""
    return is_terminal() and not console().no_color and console().color_system is not None


def say_styled(parts: Parts) -> None:
    """Print a line on stdout."""
    if is_terminal():
        console().print(_styled(parts), soft_wrap=True)
    else:
        say(visible("".join(text for text, _ in parts).rstrip()))


def _styled(parts: Parts) -> "Text":
    from rich.text import Text

    return Text.assemble(*[(visible(text), style or "") for text, style in parts])


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    title: str | None = None,
    left: Collection[str] = (),
    footer: Sequence[Any] | None = None,
    styles: Sequence[str | None] | None = None,
) -> None:
    """Print a table on stdout: the first column and those named in `left` aligned left, the others (numbers) right.

    `footer` is a last row behind a line; `styles` gives a rich style ("red", "bold") or None for each row.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if title:
        say_words(visible(title))
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        show_footer=footer is not None,
    )
    for i, column in enumerate(columns):
        justify: Any = "left" if i == 0 or column in left else "right"
        ending = Text(_cell(footer[i])) if footer is not None else ""
        table.add_column(Text(visible(column)), justify=justify, footer=ending, overflow="fold")
    for i, row in enumerate(rows):
        table.add_row(*[Text(_cell(item)) for item in row], style=styles[i] if styles else None)
    out = console()
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as drawn:  # no blanks at the ends of lines in files
        out.print(table)
    say("\n".join(line.rstrip() for line in drawn.get().splitlines()))


def _cell(item: Any) -> str:
    return (
        "" if item is None else f"{item:,}" if isinstance(item, int) and not isinstance(item, bool) else visible(item)
    )


class ByteProgress(Protocol):
    """A listener that a download reports to; sizes in bytes, `total` None where the host does not say."""

    def start(self, description: str, total: int | None, done: int = 0) -> None: ...
    def advance(self, count: int) -> None: ...


@contextmanager
def download_progress() -> Iterator[ByteProgress]:
    """Show a bar on stderr with amount, speed and time left; without a terminal, one line every few seconds."""
    if not can_redraw(sys.stderr):
        from nndl.cli.screen.plain_progress import PlainByteProgress

        yield PlainByteProgress(note)
        return
    from rich import progress as bars

    shown = bars.Progress(
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TransferSpeedColumn(),
        bars.TimeRemainingColumn(),
        console=console(stderr=True),
    )
    with shown:
        yield _ByteBar(shown)


class _ByteBar:
    """A bar of bytes; a new `start` (another host, another file) takes the place of the last."""

    def __init__(self, shown: "Progress") -> None:
        self._shown = shown
        self._task: Any = None

    def start(self, description: str, total: int | None, done: int = 0) -> None:
        if self._task is not None:
            self._shown.remove_task(self._task)
        self._task = self._shown.add_task(visible(description), total=total, completed=done)

    def advance(self, count: int) -> None:
        self._shown.advance(self._task, count)


@contextmanager
def waiting(words: str, *, silent: bool = False) -> Iterator[None]:
    """Say what is waited for while it lasts, unless `silent`, where that can be drawn over."""
    if silent or not can_redraw():
        yield
        return
    with console().status(_styled([(words, None)]), spinner="dots" if can_print("⠋⣿") else "line"):
        yield


class LiveLines:
    """Lines at the bottom of the terminal, drawn anew eight times a second by `draw(width)`; others come above them."""

    def __init__(self, draw: Callable[[int], Sequence[Parts]]) -> None:
        from rich.live import Live

        self._draw = draw
        self._live = Live(console=console(), get_renderable=self._drawn, refresh_per_second=8, transient=True)

    def _drawn(self) -> "Text":
        from rich.text import Text

        return Text("\n", no_wrap=True, overflow="crop").join(map(_styled, self._draw(width())))

    def __enter__(self) -> "LiveLines":
        self._live.start(refresh=True)
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def above(self, parts: Parts) -> None:
        """Print a line that stays."""
        self._live.console.print(_styled(parts), soft_wrap=True)
