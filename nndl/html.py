"""Small pieces of HTML for notebooks, every text in them escaped."""

from collections.abc import Iterable, Sequence
from html import escape


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table, its first column to the left, numbers with thousands' separators."""
    head = "".join(f"<th>{escape(each)}</th>" for each in headings)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    words = f"{value:,}" if isinstance(value, int) else str(value)
    return f'<td style="text-align: {"right" if isinstance(value, int | float) else "left"}">{escape(words)}</td>'
