"""YAML's errors of syntax in words for somebody who never read its specification."""

import re
from typing import Any

from yaml import MarkedYAMLError, YAMLError
from yaml.reader import ReaderError

from nndl.config.messages import Mark

DASH = re.compile(r" *-(?=[A-Za-z])")
COLON = re.compile(r" *(- +)?[A-Za-z_][\w.]*:(?=[^\s/\\])")


def explain(error: Exception, text: str) -> tuple[Mark, str]:
    """Where the text stops being YAML, and why."""
    if isinstance(error, ReaderError):
        before = text[: error.position].split("\n")
        return Mark(len(before) - 1, len(before[-1])), "there is a character here that no text file should hold"
    if isinstance(error, RecursionError):
        return Mark(0, 0), "this is nested too deeply for a config"
    if not isinstance(error, MarkedYAMLError):
        return Mark(0, 0), f"this is not YAML: {error}" if isinstance(error, YAMLError) else "this is not YAML"
    mark, opened = _mark(error.problem_mark), _mark(error.context_mark)
    return _spacing(mark, opened, text.splitlines()) or (mark, _words(error, opened))


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


def _words(error: MarkedYAMLError, opened: Mark) -> str:
    problem, line = error.problem or "this is not YAML", opened.line + 1
    if "mapping values are not allowed" in problem:
        return "a ':' cannot stand here; is the line indented wrongly, or does a text with ': ' in it want quotes?"
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
