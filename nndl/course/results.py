"""Results for other programs: Gradescope's results.json, and JUnit's XML, written anew after every function."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from nndl.course.rubric import Rubric
from nndl.course.scoring import Record, Test, scored, total
from nndl.runs.atomic import write_atomically

CUT_SHORT = "The check did not come to its end; what was found before stands below."

UNHELD = frozenset(("\ufffe", "\uffff", *map(chr, range(0xD800, 0xE000))))
"""Characters besides control characters that XML 1.0 cannot hold."""


@dataclass
class Results:
    """The files that the outcomes of one submission go to."""

    rubric: Rubric | None = None
    junit: Path | None = None
    gradescope: Path | None = None
    begun: float = field(default_factory=time.monotonic)

    def write(self, records: Sequence[Record], *, complete: bool = False, words: str = "") -> list[Test]:
        """Write what is known so far; a reader finds the state before or this one, never a part. Raises OSError."""
        tests = scored(records, self.rubric, complete=complete)
        seconds = round(time.monotonic() - self.begun, 3)
        said = words or ("" if complete else CUT_SHORT)
        if self.gradescope:
            write_atomically(self.gradescope, json.dumps(gradescope(tests, seconds, said), indent=1))
        if self.junit:
            write_atomically(self.junit, junit(tests, seconds, said))
        return tests


def gradescope(tests: Sequence[Test], seconds: float, words: str = "") -> dict[str, Any]:
    """Return results as Gradescope's autograder reads them; the score is the sum of the tests'."""
    return {
        "output": words or f"{sum(test.passed for test in tests)} of {len(tests)} functions are right.",
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "execution_time": seconds,
        "tests": [
            {
                "name": test.function,
                "number": str(number),
                "score": test.points,
                "max_score": test.item.points,
                "status": "passed" if test.passed else "failed",
                "visibility": test.item.visibility,
                "output": test.output,
                "output_format": "text",
            }
            for number, test in enumerate(tests, 1)
        ]
        # Gradescope refuses results without tests and without a score
        or [{"name": "functions", "score": 0, "max_score": 0, "status": "failed", "output": words or "none found"}],
    }


def junit(tests: Sequence[Test], seconds: float, words: str = "") -> str:
    """Return results as JUnit's XML: a wrong function is a failure; a crash, a loop, what is missing, an error.

    words: why the check broke off, where it did, which is an error of its own.
    """
    kinds = [_kind(test) for test in tests]
    broken = [_broken(words)] if words else []
    count, errors = len(tests) + len(broken), kinds.count("error") + len(broken)
    counts = f'tests="{count}" failures="{kinds.count("failure")}" errors="{errors}"'
    points, most = total(tests)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="nndl gradcheck" {counts} time="{seconds:.3f}">',
        f'<testsuite name="nndl gradcheck" {counts} time="{seconds:.3f}">',
        f'<properties><property name="score" value="{points:g} of {most:g}"/></properties>',
        *(_case(test, kind) for test, kind in zip(tests, kinds, strict=True)),
        *broken,
        f"<system-out>{_xml(words)}</system-out>",
        "</testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _kind(test: Test) -> str:
    if test.passed:
        return ""
    return "failure" if test.verdict in ("known mistake", "unknown mistake", "not implemented") else "error"


def _broken(words: str) -> str:
    error = f"<error type={_attribute('broke off')} message={_attribute(words)}/>"
    return f'<testcase classname="submission" name="the check as a whole">{error}</testcase>'


def _case(test: Test, kind: str) -> str:
    place = f"classname={_attribute(Path(test.file).stem or 'submission')} name={_attribute(test.function)}"
    inside = f"<{kind} type={_attribute(test.verdict)} message={_attribute(_second_line(test))}>" if kind else ""
    inside += f"{_xml(test.output)}</{kind}>" if kind else f"<system-out>{_xml(test.output)}</system-out>"
    return f'<testcase {place} time="{test.seconds:.3f}">{inside}</testcase>'


def _second_line(test: Test) -> str:
    """Return the first line behind the verdict."""
    return [*test.output.splitlines(), "", ""][1] or test.output


def _xml(text: str) -> str:
    """Escape a text; what XML 1.0 cannot hold becomes a question mark."""
    return escape(_held(text))


def _attribute(text: str) -> str:
    return quoteattr(_held(text), {"\n": " "})


def _held(text: str) -> str:
    return "".join(char if char in "\n\t" or (char >= " " and char not in UNHELD) else "?" for char in text)
