"""Records of outcomes, as a check gives them."""

from typing import Any

from nndl.check.students.outcome import Finding, Outcome


def record(function: str, verdict: Any = "correct", *findings: Finding, **others: Any) -> dict[str, Any]:
    """Return the record of a function of layers.py."""
    others = {"file": "nndl/layers.py", "seconds": 0.25, **others}
    layer = function.rpartition("_")[0]
    return Outcome(function=function, layer=layer, verdict=verdict, findings=findings, **others).record()


WRONG = Finding("A14", "the bias is left out", "Look at <b> & the sum.", "out[0, 1]: 2, should be 3")
