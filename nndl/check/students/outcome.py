"""The record of what is said of one function of a student's file."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Verdict = Literal[
    "correct",
    "correct with notes",
    "known mistake",
    "unknown mistake",
    "not implemented",
    "crashed",
    "timed out",
]


@dataclass(frozen=True)
class Finding:
    """A mistake or, where it is none, a note."""

    id: str
    """As in the catalogue (B12); empty where the mistake is unknown."""
    title: str
    """The mistake in a few words."""
    says: str
    """The diagnosis: at what to look, and why."""
    place: str = ""
    """The place where it shows first: "dx[1, 0, 2, 3] with stride 2, pad 1: 0.31, should be -1.2"."""
    solution: str = ""
    """The definition's line beside the wrong one; only where solutions are asked for."""


@dataclass(frozen=True)
class Outcome:
    """The verdict on a function, and why."""

    file: str
    function: str
    layer: str
    """The kind of layer, loss, rule or model that the function belongs to."""
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    """Mistakes; the first is the one to mend first."""
    notes: tuple[Finding, ...] = ()
    """Conventions, and faults of the starter code: no errors."""
    traceback: tuple[str, ...] = ()
    """The student's own lines of it."""
    printed: str = ""
    situations: int = 0
    """The number of situations it was looked at in."""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.verdict in ("correct", "correct with notes")

    def record(self) -> dict[str, Any]:
        """Return the outcome as plain data for JSON."""
        return {**asdict(self), "passed": self.passed}

    def without_solutions(self) -> "Outcome":
        """Return the outcome without the definitions' lines, for whoever should find them."""
        silent = [tuple(replace(each, solution="") for each in told) for told in (self.findings, self.notes)]
        return replace(self, findings=silent[0], notes=silent[1])
