"""From outcomes to points: the tests that a rubric makes of a submission."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nndl.course.rubric import Item, Rubric
from nndl.visible import visible_lines

Record = Mapping[str, Any]
"""An Outcome as plain data."""
NOT_REACHED, NOT_FOUND, NOT_CHECKED = "not reached", "not found", "not checked"


@dataclass(frozen=True)
class Test:
    """A function's points, and what is said of it."""

    __test__ = False  # no class for pytest to collect

    function: str
    item: Item
    verdict: str
    points: float
    output: str = ""
    seconds: float = 0.0
    file: str = ""
    record: Record | None = None

    @property
    def passed(self) -> bool:
        """True where the function is right."""
        return self.record is not None and bool(self.record["passed"])


def scored(records: Sequence[Record], rubric: Rubric | None = None, *, complete: bool = True) -> list[Test]:
    """Return a test for each function of the rubric; without one, a point for each function that was checked.

    complete: nothing more will come, so that what is missing is not there rather than not reached yet.
    """
    first: dict[str, Record] = {}
    for record in records:
        first.setdefault(record["function"], record)
    items = rubric.functions if rubric else {name: Item() for name in first if name}
    return [_test(name, item, first.get(name), records, complete) for name, item in items.items()]


def total(tests: Iterable[Test]) -> tuple[float, float]:
    """Return the points reached, and the most that can be."""
    tests = list(tests)
    return sum(test.points for test in tests), sum(test.item.points for test in tests)


def score(tests: Iterable[Test]) -> dict[str, Any]:
    """Return the points as data: of each function, and in all."""
    tests = list(tests)
    points, most = total(tests)
    rows = [
        {"function": each.function, "points": each.points, "of": each.item.points, "verdict": each.verdict}
        for each in tests
    ]
    return {"score": points, "of": most, "points": rows}


def _test(name: str, item: Item, record: Record | None, records: Sequence[Record], complete: bool) -> Test:
    if record is None:
        verdict, why = _missing(name, records, complete)
        return Test(name, item, verdict, 0.0, why)
    points = item.points if record["passed"] else 0.0
    others = [str(each["file"]) for each in records if each["function"] == name and each is not record]
    output = told(record)
    if others:
        output += f"\nIt is defined in {', '.join(map(_base, others))}, too: that of {_base(record['file'])} counts."
    return Test(name, item, record["verdict"], points, output, record["seconds"], record["file"], record)


def _missing(name: str, records: Sequence[Record], complete: bool) -> tuple[str, str]:
    broken = [record for record in records if not record["function"]]
    if not complete:
        return NOT_REACHED, "The check has not come to this function."
    if broken:
        return NOT_CHECKED, "\n".join(f"{_base(record['file'])}: {told(record)}" for record in broken)
    return NOT_FOUND, f"No file defines {name}."


def _base(file: str) -> str:
    return Path(file).name


def told(record: Record) -> str:
    """Return what is said of a function, as lines of plain text."""
    lines = [record["verdict"]]
    for kind, before in (("findings", ""), ("notes", "note: ")):
        for finding in record[kind]:
            lines.append(f"{before}{finding['title']}. {finding['says']}".strip())
            if finding["place"] and finding["place"] not in finding["says"]:
                lines.append(f"  first seen: {finding['place']}")
            lines += [f"  {line}" for line in finding["solution"].splitlines()]
    lines += [f"  {line}" for line in record["traceback"]]
    if record["printed"] and not record["passed"]:
        lines += ["It printed:", *(f"  {line}" for line in record["printed"].splitlines()[:10])]
    return visible_lines("\n".join(lines))
