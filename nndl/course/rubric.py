"""A rubric: what each function is worth, and whether its result is shown. A YAML file, checked as configs are."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from nndl.check.exercises import EXERCISES
from nndl.config.load import read_text
from nndl.config.reading.marked import Marked, read
from nndl.config.reading.messages import Path as Place
from nndl.config.reading.messages import Problem, ProblemsError
from nndl.config.shown import shown

VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")
"""Gradescope's words for who sees a result, and when."""
MOST_POINTS = 1e6
EXAMPLE = "write functions: {affine_forward: 4}"


@dataclass(frozen=True)
class Item:
    """A function's worth."""

    points: float = 1.0
    visibility: str = "visible"

    @property
    def shown(self) -> bool:
        """True where the student sees the result at once."""
        return self.visibility == "visible"


@dataclass(frozen=True)
class Rubric:
    """Functions and their worth, in the order in which they are told."""

    functions: Mapping[str, Item]
    title: str = ""


def read_rubric(path: Path) -> Rubric:
    """Read a rubric from a file. Raises ConfigError with everything that is wrong, each with line and column."""
    return parse_rubric(read_text(path), str(path))


def parse_rubric(text: str, source: str) -> Rubric:
    """Read a rubric from a text, which errors call `source`. Raises ConfigError as `read_rubric` does."""
    reading = _Reading(read(text, source))
    rubric = reading.rubric()
    if reading.problems:
        raise ProblemsError(source, text, reading.problems)
    return rubric


def known_functions() -> list[str]:
    """Return the names of all functions that can be checked."""
    return list(dict.fromkeys(name for each in EXERCISES.values() for name in each.functions))


class _Reading:
    """Turns the tree of a rubric's text into a Rubric, and notes everything that is wrong."""

    def __init__(self, marked: Marked) -> None:
        self.marked = marked
        self.problems: list[Problem] = []
        self.known = known_functions()

    def wrong(self, place: Place, words: str, at_key: bool = False) -> None:
        self.problems.append(Problem(place, words, self.marked.place(place, at_key)))

    def rubric(self) -> Rubric:
        tree = self.marked.value
        if not isinstance(tree, dict) or not isinstance(tree.get("functions"), dict) or not tree["functions"]:
            at = ("functions",) if isinstance(tree, dict) and "functions" in tree else ()
            self.wrong(at, f"a rubric says what functions are worth; {EXAMPLE}")
            return Rubric({})
        self._refuse_others(tree, (), ("title", "functions"))
        title = tree.get("title", "")
        if not isinstance(title, str):
            self.wrong(("title",), "a title is a text; put it in quotes")
        return Rubric({name: self._item(name, value) for name, value in tree["functions"].items()}, str(title))

    def _item(self, name: str, value: Any) -> Item:
        place = ("functions", name)
        if name not in self.known:
            self.wrong(place, f"no function that is checked is called {name!r}{_meant(name, self.known)}", at_key=True)
        if not isinstance(value, dict):
            return Item(self._points(place, value))
        self._refuse_others(value, place, ("points", "visibility"))
        if "points" not in value:
            self.wrong(place, f"points is missing; write {name}: {{points: 4}}", at_key=True)
        visibility = value.get("visibility", "visible")
        if visibility not in VISIBILITIES:
            words = f"visibility is {', '.join(VISIBILITIES[:-1])} or {VISIBILITIES[-1]}, not {shown(visibility)}"
            self.wrong((*place, "visibility"), words + _meant(str(visibility), VISIBILITIES))
        return Item(self._points((*place, "points"), value.get("points", 0)), str(visibility))

    def _points(self, place: Place, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong(place, f"points are a number, not {shown(value)}")
        elif not (math.isfinite(value) and 0 <= value <= MOST_POINTS):
            self.wrong(place, f"points are between 0 and {MOST_POINTS:,.0f}, not {shown(value)}")
        else:
            return float(value)
        return 0.0

    def _refuse_others(self, tree: Mapping[str, Any], place: Place, keys: tuple[str, ...]) -> None:
        for key in tree:
            if key not in keys:
                words = f"{key!r} means nothing here; it has {' and '.join(keys)}{_meant(key, keys)}"
                self.wrong((*place, key), words, at_key=True)


def _meant(word: str, words: tuple[str, ...] | list[str]) -> str:
    close = get_close_matches(word, words, 1)
    return f"; did you mean {close[0]}?" if close else ""
