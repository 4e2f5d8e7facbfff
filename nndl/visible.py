"""Text from elsewhere (names in a run's folder, a host's words) made fit to be printed, logged and put on a page."""

import unicodedata

HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Unicode's categories of what is obeyed and not seen: control and format characters, which turn the direction of text
too, lone halves of surrogate pairs, separators of lines and paragraphs."""


def visible(text: object, keep: str = "") -> str:
    """Return `str(text)` with characters that are obeyed and not seen, but those of `keep`, as \\x1b, \\u202e."""
    words = str(text)
    if words.isprintable():
        return words
    return "".join(_escape(char) if is_hidden(char) and char not in keep else char for char in words)


def visible_lines(text: object) -> str:
    """Return the same of text that has lines and tabs of its own."""
    return visible(text, keep="\n\t")


def is_hidden(char: str) -> bool:
    """Tell whether a character is obeyed and not seen."""
    return unicodedata.category(char) in HIDDEN


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
