"""A table as CSV, for spreadsheets: of runs, or of a sweep's trials."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from nndl.visible import visible

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of text that spreadsheets take for a formula."""


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write a column for every key of any row, in the order met; text as `cell` has it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, dict.fromkeys(key for row in rows for key in row), lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {key: cell(value) if isinstance(value, str) else value for key, value in row.items()} for row in rows
    )
    return text.getvalue()


def cell(text: str) -> str:
    """Return a text as a cell that no spreadsheet computes, with hidden characters made visible; numbers stay."""
    shown = visible(text)
    return f"'{shown}" if text.startswith(FORMULA) and not _is_number(text) else shown


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
