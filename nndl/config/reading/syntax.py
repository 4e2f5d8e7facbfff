"""YAML's errors of syntax in words for somebody who never read its specification."""

import re
from typing import Any

from yaml import MarkedYAMLError
from yaml.reader import ReaderError

from nndl.config.reading.messages import Mark

DASH = re.compile(r" *-(?=[A-Za-z])")
COLON = re.compile(r" *(- +)?[A-Za-z_][\w.]*:(?=[^\s/\\])")
BIG_ESCAPE = re.compile(r"\\U[0-9A-Fa-f]{8}")


def explain(error: Exception, text: str) -> tuple[Mark, str]:
    """Where the text stops being YAML, and why."""
    if isinstance(error, ReaderError):
        before = text[: error.position].split("\n")
        return Mark(len(before) - 1, len(before[-1])), "there is a character here that no text file should hold"
    if isinstance(error, RecursionError):
        return Mark(0, 0), "this is nested too deeply for a config"
    if not isinstance(error, MarkedYAMLError):
        escape = BIG_ESCAPE.search(text)
        before = text[: escape.start()].split("\n") if escape else [""]
        return Mark(len(before) - 1, len(before[-1])), "this is not YAML; there is no such letter"
    mark, opened = _mark(error.problem_mark), _mark(error.context_mark)
    return _spacing(mark, opened, text.splitlines()) or (mark, _words(error, opened, text.splitlines()))


def _mark(mark: Any) -> Mark:
    return Mark(mark.line, mark.column) if mark else Mark(0, 0)


def _spacing(mark: Mark, opened: Mark, lines: list[str]) -> tuple[Mark, str] | None:
    """The tab, or the missing space, that is behind most errors: on the line at fault or the one above it."""
    for number in (mark.line, mark.line - 1):
        line = lines[number] if opened.line <= number < len(lines) and number >= 0 else ""
        indentation = line[: len(line) - len(line.lstrip())]
        if "\t" in indentation:
            return Mark(number, indentation.index("\t")), "YAML is indented with spaces, and here is a tab"
        for pattern, what in ((DASH, "'-'"), (COLON, "':'")):
            found = pattern.match(line)
            if found:
                return Mark(number, found.end() - 1), f"write a space after the {what}"
    return None


def _words(error: MarkedYAMLError, opened: Mark, lines: list[str]) -> str:
    problem, line = error.problem or "this is not YAML", opened.line + 1
    if "mapping values are not allowed" in problem:
        return _colon(_mark(error.problem_mark), lines)
    if "expected <block end>" in problem:
        return f"this does not line up with what it belongs to, which begins at {line}:{opened.column + 1}"
    closing = re.match(r"expected ',' or '([]}])'", problem)
    if closing:
        return f"expected a comma, or the {closing[1]!r} that closes what was opened at {line}:{opened.column + 1}"
    if "quoted scalar" in (error.context or ""):
        return f"the quote opened at {line}:{opened.column + 1} is wrong or never closed: {problem}"
    if "another document" in problem:
        return "a second document begins here ('---'); a config is one"
    if "could not find expected ':'" in problem:
        return "expected 'key: value' here"
    start = re.search(r"found character '(.)' that cannot start", problem)
    return f"text that begins with {start[1]} wants quotes" if start else problem


def _colon(mark: Mark, lines: list[str]) -> str:
    """Why a ':' is too many: what stands above it holds the line as a text of several lines."""
    line, above = (lines[number] if 0 <= number < len(lines) else "" for number in (mark.line, mark.line - 1))
    if above.strip() and ":" not in above and not above.lstrip().startswith(("-", "#")):
        return f"a ':' cannot stand here; is one missing in line {mark.line}?"
    if ": " in above and len(above) - len(above.lstrip()) < len(line) - len(line.lstrip()):
        return "this line is indented further than the one above, which has its value already; line them up"
    return "a ':' cannot stand here; if it is part of a text, put the text in quotes"
