"""Whatever a stranger has put into a name is printed as text: no way out hands a control character to the terminal."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import pytest
from hypothesis import example, given, settings
from rich.console import Console

from nndl.cli.screen import terminal
from nndl.visible import is_hidden, visible, visible_lines
from tests.test_visible import HOSTILE


class Screen(io.StringIO):
    """A terminal, as far as nndl and rich look."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def live_lines(text: str) -> None:
    with terminal.LiveLines(lambda _: [[(text, "bold")], [("", None)]]) as lines:
        lines.above([(text, None)])


def waiting(text: str) -> None:
    with terminal.waiting(text):
        pass


def download(text: str) -> None:
    with terminal.download_progress() as progress:
        progress.start(text, 10)


WAYS: dict[str, Callable[[str], None]] = {
    "say": terminal.say,
    "note": terminal.note,
    "say_words": terminal.say_words,
    "note_words": terminal.note_words,
    "say_styled": lambda text: terminal.say_styled([(text, "bold"), (text, None)]),
    "print_table": lambda text: terminal.print_table([text], [[text]], title=text, footer=[text]),
    "print_table of a file": lambda text: terminal.print_table(["x"], [[text]]),
    "waiting": waiting,
    "LiveLines": live_lines,
    "download_progress": download,
}
OF_LINES = ("say", "say_words", "note", "note_words")
"""These take text of several lines."""


@contextmanager
def screen(monkeypatch: pytest.MonkeyPatch, is_file: bool) -> Iterator[io.StringIO]:
    """stdout and stderr as one terminal of 500 columns, or as one file."""
    out = io.StringIO() if is_file else Screen()

    def console(stderr: bool = False) -> Console:
        del stderr
        return Console(
            file=out, force_terminal=not is_file, width=500, height=50, markup=False, highlight=False, emoji=False
        )

    with redirect_stdout(out), redirect_stderr(out), monkeypatch.context() as patched:
        patched.setattr(terminal, "console", console)
        patched.setenv("TERM", "xterm")
        patched.setattr("rich.live._RefreshThread.run", lambda _: None)  # drawn when told, not by the clock
        yield out


def printed(name: str, text: str) -> str:
    with screen(pytest.MonkeyPatch(), name.endswith("file")) as out:
        WAYS[name](text)
    return out.getvalue()


@pytest.mark.parametrize("name", WAYS)
@settings(max_examples=30)
@given(text=HOSTILE)
@example(text="\x1b[2J\x1b]0;mine\x07")
@example(text="\u202egpj.exe")
@example(text="\x9b31m\r")
@example(text="[red]not a style[/]")
def test_hostile_text_is_printed_as_its_visible_form_is(name: str, text: str) -> None:
    """To the last code: those of our own styles stay, and none is added."""
    shown = visible_lines(text) if name in OF_LINES else visible(text)
    assert printed(name, text) == printed(name, shown)


@pytest.mark.parametrize("name", WAYS)
def test_the_text_is_there_and_our_styles_are(name: str) -> None:
    out = printed(name, "\x1b[35;7mx\u202e")
    assert r"\x1b[35;7mx\u202e" in out
    assert "\x1b[35;7m" not in out
    styled = {"say_styled": "\x1b[1m", "print_table": "\x1b[1m"}.get(name, "")
    assert styled in out


@given(HOSTILE)
@example("\x7f\x9b\u202e")
def test_json_holds_the_text_and_no_control_character(text: str) -> None:
    with screen(pytest.MonkeyPatch(), is_file=True) as out:
        terminal.emit_json({text: [text]})
    line = out.getvalue()
    assert not any(map(is_hidden, line.rstrip("\n")))
    assert json.loads(line) == {text: [text]}


def test_every_way_out_is_tried() -> None:
    """A new function of the module that prints belongs into WAYS."""
    ways = {*WAYS, "emit_json"} - {"print_table of a file"}
    silent = {"is_terminal", "can_redraw", "plain", "console", "width", "can_print", "has_colours", "ByteProgress"}
    own = {
        name
        for name, value in vars(terminal).items()
        if getattr(value, "__module__", "") == terminal.__name__ and not name.startswith("_")
    }
    assert own == ways | silent
