"""Run a program of calls to someone else's functions, and tell what they returned.

This file stands alone (NumPy and the standard library): it is loaded in a process of its own, where the student's
package may be called nndl, as ours is. Our own definitions are run by the same Executor.

A program is {"inputs": {name: value}, "steps": [step]}. A step is one of
  {"call": path, "args": [value or Ref], "kwargs": {}, "keep": name, "report": [index] or None, "inputs": [names]}
  {"get": path}                         {"set": path, "to": value or Ref}
where a path is a list such as ["model", "params", "W1"]: the first word names an input, something kept or a function of
the file, the others are keys, indices or attributes. Every step is answered with {"value"} or {"raised"}, and
{"changed"}: which of the arrays handed in it wrote into.
"""

import base64
import contextlib
import io
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

PRINTED = 2000
"""Characters of what a function prints that are passed on."""
LARGEST = 2**22
"""Bytes of an array that is passed on; of a larger one only the shape is told."""


class Ref:
    """A value that only the process knows, by its path."""

    def __init__(self, *path: Any) -> None:
        self.path = list(path)


class Opaque:
    """A value that is not passed on: a cache, a module, a giant array."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __repr__(self) -> str:
        return self.kind


# Values as JSON ---------------------------------------------------------------------------------------------------


def encoded(value: Any) -> Any:
    """Return `value` as JSON can hold it; what is no plain data becomes Opaque."""
    if isinstance(value, Ref):
        return {"$": "ref", "path": value.path}
    if isinstance(value, Opaque):
        return {"$": "opaque", "kind": value.kind}
    if isinstance(value, np.ndarray):
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {"$": "array", "dtype": value.dtype.str, "shape": value.shape, "data": data}
    if isinstance(value, type) and issubclass(value, np.generic):
        return {"$": "type", "name": value.__name__}
    if isinstance(value, Mapping):
        return {"$": "dict", "items": [[encoded(key), encoded(each)] for key, each in value.items()]}
    if isinstance(value, tuple):
        return {"$": "tuple", "items": [encoded(each) for each in value]}
    if isinstance(value, list):
        return [encoded(each) for each in value]
    return value


def decoded(value: Any) -> Any:
    """Return what `encoded` was given. Raises KeyError, TypeError or ValueError for what it did not write."""
    if isinstance(value, list):
        return [decoded(each) for each in value]
    if not isinstance(value, dict):
        return value
    kind = value["$"]
    if kind == "ref":
        return Ref(*value["path"])
    if kind == "opaque":
        return Opaque(str(value["kind"]))
    if kind == "array":
        if not re.fullmatch(r"[<>|][biufcSUVmM]\d+(\[\w+\])?", value["dtype"]):
            raise ValueError("no dtype of plain data")  # so that NumPy parses no expression of theirs
        dtype = np.dtype(value["dtype"])
        return np.frombuffer(base64.b64decode(value["data"]), dtype).reshape(value["shape"]).copy()
    if kind == "type":
        found = vars(np).get(value["name"])
        if not (isinstance(found, type) and issubclass(found, np.generic)):
            raise ValueError("no type of NumPy's numbers")
        return found
    if kind == "dict":
        return {decoded(key): decoded(each) for key, each in value["items"]}
    return tuple(decoded(each) for each in value["items"])


def plain(value: Any, depth: int = 3) -> Any:
    """Return a copy of `value` as plain data; what is none, or is too deep or too large, becomes Opaque."""
    if isinstance(value, np.ndarray):
        small = value.nbytes <= LARGEST and value.dtype.kind in "fiubc"
        return np.array(value) if small else Opaque(f"an array {value.shape} of {value.dtype}")
    if value is None or isinstance(value, bool | int | float | str):
        return value if not isinstance(value, str) else value[:PRINTED]
    if isinstance(value, np.generic):
        return np.array(value) if value.dtype.kind in "fiubc" else Opaque(type(value).__name__)
    if depth and isinstance(value, dict) and len(value) < 200:
        return {str(key): plain(each, depth - 1) for key, each in value.items()}
    if depth and isinstance(value, tuple | list) and len(value) < 50:
        return type(value)([plain(each, depth - 1) for each in value]) if type(value) in (tuple, list) else None
    return Opaque(type(value).__name__)


# Running ----------------------------------------------------------------------------------------------------------


class Capped(io.TextIOBase):
    """Keeps the first characters written to it."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        if len(self.text) < PRINTED:
            self.text += str(text)[: PRINTED - len(self.text)]
        return len(text)


def told(error: BaseException, own: Callable[[str], bool]) -> dict[str, Any]:
    """Return an error as plain data, with the lines of its traceback that stand in the student's files."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{Path(f.filename).name}:{f.lineno} in {f.name}: {f.line}" for f in frames if own(f.filename)]
    if isinstance(error, SyntaxError):
        lines.append(f"{Path(error.filename or '?').name}:{error.lineno}: {(error.text or '').strip()}")
    return {"raised": type(error).__name__, "message": str(error)[:500], "traceback": lines[-3:]}


class Executor:
    """Runs programs on the functions of a namespace."""

    def __init__(self, names: Mapping[str, Any], own: Callable[[str], bool] = lambda _: True) -> None:
        self.names = names
        self.own = own
        self.kept: dict[str, Any] = {}

    def run(self, program: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the answer to each step; a step that needs what an earlier one failed to give is skipped."""
        self.kept = dict(program["inputs"])
        for step in program["steps"]:
            printed = Capped()
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                answer = self._answer(step)
            yield {**answer, **({"printed": printed.text} if printed.text else {})}

    def _answer(self, step: Mapping[str, Any]) -> dict[str, Any]:
        try:
            values = self._arguments(step)
        except LookupError:
            return {"skipped": True}
        watched = {name: self.kept[name] for name in step.get("inputs", ())}
        before = {name: value.copy() for name, value in watched.items() if isinstance(value, np.ndarray)}
        try:
            with np.errstate(all="ignore"):
                value = self._done(step, *values)
        except BaseException as error:
            return {"skipped": True} if "get" in step and isinstance(error, LookupError) else told(error, self.own)
        changed = [name for name, old in before.items() if not _same_bits(old, self.kept[name])]
        return {"value": plain(value), "changed": changed}

    def _arguments(self, step: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any], Any]:
        args = [self._value(each) for each in step.get("args", ())]
        kwargs = self._value(step.get("kwargs", {}))
        return args, kwargs, self._value(step.get("to"))

    def _value(self, value: Any) -> Any:
        if isinstance(value, Ref):
            return self._at(value.path)
        if isinstance(value, dict):
            return {name: self._value(each) for name, each in value.items()}
        return value

    def _at(self, path: list[Any]) -> Any:
        """Return what stands at a path. Raises LookupError where nothing does."""
        first, *others = path
        place = self.kept if first in self.kept else self.names
        value = place[first]
        for word in others:
            try:
                indexed = isinstance(value, dict | list | tuple)
                value = value[word] if indexed else getattr(value, str(word))
            except (LookupError, AttributeError, TypeError) as error:
                raise LookupError(word) from error
        return value

    def _done(self, step: Mapping[str, Any], args: list[Any], kwargs: dict[str, Any], to: Any) -> Any:
        if "get" in step:
            return self._at(step["get"])
        if "set" in step:
            *where, last = step["set"]
            place = self._at(where)
            place.__setitem__(last, to) if isinstance(place, dict | list) else setattr(place, last, to)
            return None
        value = self._at(step["call"])(*args, **kwargs)
        self.kept[step.get("keep", "_")] = value
        if step.get("report") is None:
            return value
        if not isinstance(value, tuple):
            return value
        return tuple(value[i] for i in step["report"] if i < len(value)), len(value)


def _same_bits(old: Any, new: Any) -> bool:
    return bool(np.shape(old) == np.shape(new) and np.array_equal(old, new, equal_nan=True))
