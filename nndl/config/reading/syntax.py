"""YAML's errors of syntax in words for somebody who never read its specification."""

import re
from typing import Any

from yaml import MarkedYAMLError
from yaml.reader import ReaderError

from nndl.config.reading.messages import Mark

DASH = re.compile(r" *-(?=[A-Za-z])")
COLON = re.compile(r" *(- +)?[A-Za-z_][\w.]*:(?=[^\s/\\])")
SPECIAL = re.compile(r"while (?:scanning|parsing) an? (alias|anchor|tag|directive|block scalar)")
SIGNS = {"alias": "*", "anchor": "&", "tag": "!", "directive": "%", "block scalar": "| or >"}
PLAIN = (
    ("another document", "a second document begins here ('---'); a config is one"),
    ("<document start>", "a config is one mapping of keys to values, and what stands above is complete without this"),
    ("could not find expected ':'", "expected 'key: value' here"),
    ("sequence entries are not allowed", "an entry of a list ('- ') cannot stand here; begin it on a line of its own"),
    ("mapping keys are not allowed", "a '?' cannot stand here; if it is part of a text, put the text in quotes"),
    ("the node content", "a value is missing before this sign; if it is part of a text, put the text in quotes"),
    (r"'\\t' that cannot start", "here is a tab; write a space instead"),
    ("undefined tag handle", "configs use no YAML tags ('!...'); leave it out"),
    ("incompatible YAML|YAML directive|tag handle", "leave out the line that begins with %: configs need none"),
)
"""Pieces of PyYAML's words, and ours in their place."""
BIG_ESCAPE = re.compile(r"\\U[0-9A-Fa-f]{8}")


def explain(error: Exception, text: str) -> tuple[Mark, str]:
    """Tell where the text stops being YAML, and why."""
    if isinstance(error, ReaderError):
        before = text[: error.position].split("\n")
        return Mark(len(before) - 1, len(before[-1])), "there is a character here that no text file should hold"
    if not isinstance(error, MarkedYAMLError):
        escape = BIG_ESCAPE.search(text)
        before = text[: escape.start()].split("\n") if escape else [""]
        return Mark(len(before) - 1, len(before[-1])), "this is not YAML; there is no such letter"
    mark, opened = mark_of(error.problem_mark), mark_of(error.context_mark)
    if SPECIAL.search(error.context or ""):
        mark = opened
    return _spacing(mark, opened, text.splitlines()) or (mark, _words(error, opened, text.splitlines()))


def mark_of(mark: Any) -> Mark:
    """Turn PyYAML's mark into ours; the beginning where there is none."""
    return Mark(mark.line, mark.column) if mark else Mark(0, 0)


def _spacing(mark: Mark, opened: Mark, lines: list[str]) -> tuple[Mark, str] | None:
    """Find the tab, or the missing space, that is behind most errors: on the line at fault or the one above it."""
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
    problem, context, line = error.problem or "this is not YAML", error.context or "", opened.line + 1
    if "mapping values are not allowed" in problem:
        return _colon(mark_of(error.problem_mark), lines)
    if "expected <block end>" in problem:
        return _misplaced(mark_of(error.problem_mark), opened, lines)
    closing = re.match(r"expected ',' or '([]}])'", problem)
    if closing:
        return f"expected a comma, or the {closing[1]!r} that closes what was opened at {line}:{opened.column + 1}"
    if "unknown escape" in problem:
        return "within double quotes '\\' begins an escape, and this is none; put the text in single quotes"
    if "quoted scalar" in context:
        return f"the quote opened at {line}:{opened.column + 1} is wrong or never closed: {problem}"
    if problem == "second occurrence":
        return f"this anchor is set already at {line}:{opened.column + 1}; take another name"
    start = re.search(r"found character '([^\\])' that cannot start", problem) or SPECIAL.search(context)
    if start:
        return f"text that begins with {SIGNS.get(start[1], start[1])} wants quotes"
    return next((ours for theirs, ours in PLAIN if re.search(theirs, problem)), problem)


def _misplaced(mark: Mark, opened: Mark, lines: list[str]) -> str:
    """Explain what belongs to nothing: behind a closing quote, or at an indentation that nothing has."""
    before = lines[mark.line][: mark.column].rstrip() if mark.line < len(lines) else ""
    if before.endswith(("'", '"')):
        return "a quote ends before this; put the whole text in quotes, and write a single quote within them twice"
    return f"this does not line up with what it belongs to, which begins at {opened.line + 1}:{opened.column + 1}"


def _colon(mark: Mark, lines: list[str]) -> str:
    """Explain why a ':' is too many: what stands above it holds the line as a text of several lines."""
    line, above = (lines[number] if 0 <= number < len(lines) else "" for number in (mark.line, mark.line - 1))
    if above.strip() and ":" not in above and not above.lstrip().startswith(("-", "#")):
        return f"a ':' cannot stand here; is one missing in line {mark.line}?"
    if ": " in above and len(above) - len(above.lstrip()) < len(line) - len(line.lstrip()):
        return "this line is indented further than the one above, which has its value already; line them up"
    return "a ':' cannot stand here; if it is part of a text, put the text in quotes"
