"""The lines of our own functions, with their numbers."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nndl


@dataclass(frozen=True)
class Lines:
    """A function as it stands in its file."""

    name: str
    file: str
    """From the package on: nndl/layers.py."""
    first: int
    """The number of its first line."""
    lines: tuple[str, ...]

    @property
    def place(self) -> str:
        """FILE:LINE, as editors take it."""
        return f"{self.file}:{self.first}"


def lines_of(function: Callable[..., Any]) -> Lines:
    """Return the source of a function of nndl."""
    lines, first = inspect.getsourcelines(function)
    file = Path(inspect.getfile(function)).relative_to(Path(nndl.__file__).parents[1])
    return Lines(function.__name__, file.as_posix(), first, tuple(line.rstrip("\n") for line in lines))
