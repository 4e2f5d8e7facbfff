"""Tables keep their content, JSON is JSON, plain progress says what it should."""

import io
import json
import math
import sys

import numpy as np
import pytest

from nndl.cli.screen import terminal
from nndl.cli.screen.live import LiveView
from nndl.cli.screen.plain_progress import PlainByteProgress
from nndl.cli.screen.progress import PlainView, choose_view
from tests.train import tiny


def test_json_is_one_line_that_any_parser_takes(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.emit_json({"loss": math.nan, "rate": np.float32(0.5), "counts": np.arange(3), 4: (True, None, "α")})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {"loss": None, "rate": 0.5, "counts": [0, 1, 2], "4": [True, None, "α"]}


def test_a_table_in_a_file_cuts_nothing_and_takes_brackets_as_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)  # some shells hand it on, and so does pytest-xdist
    terminal.console.cache_clear()
    path = "model.layers[12].residual[3].conv." + "x" * 80
    terminal.print_table(["key", "value"], [[path, 1234567], ["[bold]b", None]], footer=["total", 89])
    lines = capsys.readouterr().out.splitlines()
    assert any(path in line and line.rstrip().endswith("1,234,567") for line in lines)
    assert any(line.startswith("[bold]b") for line in lines)
    assert lines[-1].split() == ["total", "89"]


def test_plain_progress_says_amount_speed_and_time_left() -> None:
    lines: list[str] = []
    now = [0.0]
    progress = PlainByteProgress(lines.append, lambda: now[0])
    progress.start("cifar-10", 100_000_000, done=20_000_000)
    for _ in range(4):
        now[0] += 2.0
        progress.advance(10_000_000)
    assert lines == ["cifar-10: 50.0 of 100.0 MB, 5.00 MB/s, 10 s left"]
    progress.advance(40_000_000)
    assert len(lines) == 2
    progress.start("unknown size", None)
    now[0] += 6
    progress.advance(3_000_000)
    assert lines[-1] == "unknown size: 3.0 MB, 0.50 MB/s"


def test_a_download_without_a_terminal_is_told_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    with terminal.download_progress() as progress:
        progress.start("file", 10)
        progress.advance(10)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "file: 0.0 of 0.0 MB" in captured.err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "drawn"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "GIT_PAGER": "cat"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm-color", "GIT_PAGER": "cat"}, False),  # as ipykernel sets them
        ({"TERM": "xterm-256color", "JPY_PARENT_PID": "7"}, False),
    ],
)
def test_only_a_terminal_that_keeps_no_record_is_drawn_over(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], drawn: bool
) -> None:
    for name in ("GIT_PAGER", "JPY_PARENT_PID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert terminal.can_redraw(Terminal()) is drawn
    assert not terminal.can_redraw(io.StringIO())
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr(terminal, "can_print", lambda _: False)
    assert isinstance(choose_view(tiny.solver(), quiet=False, json=False), LiveView if drawn else PlainView)


def test_prose_on_a_terminal_breaks_between_words_and_before_no_unit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prose = (
        "engine compiled (avx512_bf16), test accuracy 75.31 %, of runs/a-very-long-name-that-fits-no-line-at-all\nend"
    )
    monkeypatch.setattr(terminal, "width", lambda: 30)
    terminal.say_words(prose)
    monkeypatch.setattr(terminal, "is_terminal", lambda: True)
    terminal.say_words(prose)
    assert capsys.readouterr().out.splitlines() == [
        *prose.splitlines(),
        "engine compiled (avx512_bf16),",
        "test accuracy 75.31 %, of",
        "runs/a-very-long-name-that-fits-no-line-at-all",
        "end",
    ]
