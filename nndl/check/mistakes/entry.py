"""An entry of the catalogue: a small variant of a definition, and what to tell whoever wrote it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nndl.check.variants import Edit


@dataclass(frozen=True)
class Mistake:
    """One mistake, in one or several variants that are the same mistake."""

    id: str
    function: str
    """The function that it is told of."""
    title: str
    says: str
    variants: tuple[tuple[Edit, ...], ...] = ()
    note: bool = False
    """A matter of convention, never an error."""
    note_if: str = ""
    """A pattern: where the source of the function matches, it is no error (its docstring says so)."""
    text: str = ""
    """A pattern of source text, for what no result shows."""
    error: str = ""
    """A pattern of the message of what is raised."""

    @property
    def solution(self) -> str:
        """The lines of the first variant: what the definition has, and the mistake."""
        edits = self.variants[0] if self.variants else ()
        return "\n".join(
            f"wrong: {edit.new.strip()}\nright: {edit.old.strip()}" for edit in edits if edit.old != edit.new
        )

    def is_note(self, source: str) -> bool:
        """Tell whether it is no error in a function of this source."""
        return self.note or bool(self.note_if and re.search(self.note_if, source, re.IGNORECASE | re.DOTALL))


Lines = Mapping[Any, str]
"""Line of the definition -> the wrong one; (function, line) where it is another function's; "" for a whole function."""


def mistake(id: str, function: str, title: str, says: str, *variants: Lines, **others: object) -> Mistake:
    """Return an entry; each variant names the lines that differ."""
    edits = tuple(
        tuple(
            Edit(key[0], key[1], new) if isinstance(key, tuple) else Edit(function, key, new)
            for key, new in lines.items()
        )
        for lines in variants
    )
    return Mistake(id, function, title, " ".join(says.split()), edits, **others)  # type: ignore[arg-type]
