"""Text from elsewhere (names in a run's folder, a host's words) made fit to be printed, logged and put on a page."""

import os
import unicodedata
from pathlib import PurePath

HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Unicode's categories of what is obeyed and not seen: control and format characters, which turn the direction of text
too, lone halves of surrogate pairs, separators of lines and paragraphs."""


def visible(text: object, keep: str = "") -> str:
    """Return `str(text)` with characters that are obeyed and not seen, but those of `keep`, as \\x1b, \\u202e."""
    words = str(text)
    if words.isprintable():
        return words
    return "".join(_escape(char) if is_hidden(char) and char not in keep else char for char in words)


_names: dict[str, str] = {}
"""Names of files that have hidden characters, with what is shown for them."""


def beware(path: str | os.PathLike[str]) -> None:
    """Remember a path whose names have lines or tabs: in text with lines of its own they are made visible too."""
    for name in PurePath(path).parts:
        if not name.isprintable() and name.strip():
            _names[name] = visible(name)


def visible_lines(text: object) -> str:
    """Return the same of text that has lines and tabs of its own, but for those in names that `beware` was told."""
    words = str(text)
    for name, shown in _names.items():
        words = words.replace(name, shown)
    return visible(words, keep="\n\t")


def is_hidden(char: str) -> bool:
    """Tell whether a character is obeyed and not seen."""
    return unicodedata.category(char) in HIDDEN


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
