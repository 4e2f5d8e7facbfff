"""Functions that are not written yet (pass, None, NotImplementedError): that is no mistake."""

import ast
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nndl.check.exercises.exercise import Exercise, Key, Raised
from nndl.check.students.comparing import Trial

HARMLESS = ("get", "zeros", "zeros_like", "setdefault", "ValueError", "NotImplementedError", "astype", "seed", "copy")
NOTHING_THERE = ("NameError", "UnboundLocalError", "AttributeError", "TypeError")
"""Kinds of errors that come of a result that was never computed."""


def why(source: str, function: str, seen: Sequence[Trial], wrong: Mapping[str, Any], exercise: Exercise) -> str:
    """Say why a function counts as not implemented; nothing where it is."""
    forward = exercise.forward
    values = [value for trial in seen for key, value in trial.theirs.items() if key.function == function]
    raised = [value for value in values if isinstance(value, Raised)]
    if any(value.kind == "NotImplementedError" for value in raised):
        return "It raises NotImplementedError."
    if any(value is None for value in values):
        return "It returns None where a result should be."
    stub = is_stub(source)
    if stub and raised and all(value.kind in NOTHING_THERE for value in raised):
        return "Its body is still empty."
    if stub and values and all(_is_zero(value) for value in values if not isinstance(value, str)):
        return "It returns zeros."
    if stub and any(key.name == "number of steps" and not value for each in seen for key, value in each.theirs.items()):
        return "Its train takes no step."
    first = wrong.get(forward)
    if stub and forward != function and first is not None and first.verdict == "not implemented":
        return f"Its body is still empty, and so is {forward}."
    if zeros := _never_computed(function, seen):
        return f"{zeros} is zero everywhere."
    empty = [part for part in exercise.uses if part in wrong and wrong[part].verdict == "not implemented"]
    return f"It calls {empty[0]}, which is not implemented." if empty and (raised or not seen) else ""


def _never_computed(function: str, seen: Sequence[Trial]) -> str:
    """Return the name of a gradient that is all zeros in every situation, where it should not be."""
    names = {key.name for trial in seen for key in trial.theirs if key.function == function}
    for name in sorted(name for name in names if name.startswith("d") and "," not in name):
        pairs = [(t.theirs[key], t.ours[key]) for t in seen for key in t.theirs if key == Key(function, name) in t.ours]
        if pairs and all(_is_zero(theirs) for theirs, _ in pairs) and not all(_is_zero(ours) for _, ours in pairs):
            return name
    return ""


def _is_zero(value: Any) -> bool:
    return isinstance(value, int | float | np.ndarray) and not isinstance(value, bool) and not np.any(value)


def is_stub(source: str) -> bool:
    """Tell whether a function computes nothing: no operation, no loop, no call but of get, zeros and their like."""
    tree = ast.parse(textwrap.dedent(source))
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp | ast.AugAssign | ast.For | ast.While | ast.UnaryOp):
            return False
        if isinstance(node, ast.Call) and _called(node) not in HARMLESS:
            return False
    return True


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
