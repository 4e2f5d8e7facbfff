"""log.txt: a line each, with the time; never an error of its own."""

import re
from pathlib import Path

from nndl.runs.folder import RunFolder
from nndl.runs.log import log_error, write_log


def test_lines_have_their_time_and_further_ones_are_indented(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_log(folder, "begun")
    write_log(folder, "two\nlines, and a lone surrogate \udc80")
    lines = folder.log.read_text(encoding="utf-8").splitlines()
    assert [re.sub(r"^\S+T\S+", "TIME", line) for line in lines] == [
        "TIME  begun",
        "TIME  two",
        r"    lines, and a lone surrogate \udc80",
    ]


def test_what_a_stranger_wrote_reaches_nobodys_terminal_and_makes_no_line_of_its_own(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_log(folder, "dtype \x1b[2J\r2026-01-01T00:00  forged\u2028or so\x85 \u202e")
    (line,) = folder.log.read_text(encoding="utf-8").splitlines()
    assert line.endswith(r"dtype \x1b[2J\r2026-01-01T00:00  forged\u2028or so\x85 \u202e")


def test_an_error_has_its_traceback(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    try:
        raise ValueError("of no use")
    except ValueError as error:
        log_error(folder, error)
    text = folder.log.read_text(encoding="utf-8")
    assert "Traceback" in text
    assert "in test_an_error_has_its_traceback" in text
    assert "ValueError: of no use" in text


def test_a_log_that_cannot_be_written_is_left(tmp_path: Path) -> None:
    write_log(RunFolder(tmp_path / "none"), "lost")
