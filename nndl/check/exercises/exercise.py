"""Exercises: situations, each a program of calls, and what is observed of the answers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nndl.check.running.executor import Ref

Array = NDArray[Any]
Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Raised:
    """An exception, where a value should be."""

    kind: str
    message: str = ""
    traceback: tuple[str, ...] = ()


class Key(NamedTuple):
    """The key of something observed: a result of a function."""

    function: str
    name: str


Observed = dict[Key, Any]


@dataclass(frozen=True)
class Step:
    """One step of a program, the function that it says something of, and the names of what it returns."""

    does: Mapping[str, Any]
    function: str
    names: tuple[str, ...] = ()


Digest = Callable[[Observed, Mapping[str, Any]], Observed]


@dataclass(frozen=True, eq=False)
class Situation:
    """Inputs and calls on them. One is itself alone: what functions gave in it is kept under it."""

    label: str
    """As in "wrong with stride 2, pad 1"."""
    inputs: Mapping[str, Any]
    steps: Sequence[Step]
    tags: frozenset[str] = frozenset()
    """Words for what is special here: "stride above 1", "one example"."""
    convention: str = ""
    """The reason why a difference here is no error, where it is none."""
    ours: Mapping[str, Any] = field(default_factory=dict)
    """Inputs that our own functions take under other names."""
    may_refuse: str = ""
    """The reason why a forward half that raises here is not wrong: it takes less than ours does, and says so."""
    digest: Digest | None = None
    """Turns what cannot be compared (random numbers) into what can."""

    def program(self, ours: bool = False) -> dict[str, Any]:
        """Return the calls with inputs of their own, which may be written into; for our own functions, with ours."""
        inputs = {**self.inputs, **(self.ours if ours else {})}
        return {"inputs": deepcopy(inputs), "steps": [step.does for step in self.steps]}

    def observe(self, answers: Iterable[Answer]) -> Observed:
        """Return what the answers say, by function and name; of steps that were skipped or not reached, nothing."""
        found: Observed = {}
        for step, answer in zip(self.steps, answers, strict=False):
            found |= _observed(step, answer)
        return self.digest(found, self.inputs) if self.digest else found


def _observed(step: Step, answer: Answer) -> Observed:
    if "skipped" in answer:
        return {}
    if "raised" in answer:
        error = Raised(answer["raised"], answer["message"], tuple(answer["traceback"]))
        when = step.names[0].partition(", ")[2] if step.names else "a second time"
        return {Key(step.function, ", ".join(["calling it", *([when] if when else [])])): error}
    value = answer["value"]
    found: Observed = {}
    if changed := answer.get("changed"):
        found[Key(step.function, "inputs changed")] = ", ".join(changed)
    if not step.names:
        return found
    if step.does.get("report") is not None:
        if not (isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], tuple)):
            return {**found, Key(step.function, step.names[0]): value}
        value, count = value
        value = value if len(value) > 1 or not value else value[0]
        if count != 2:
            found[Key(step.function, "number of results")] = count
    return found | _parts(step, value)


def _parts(step: Step, value: Any) -> Observed:
    if len(step.names) < 2:
        return {Key(step.function, name): value for name in step.names}
    values = value if isinstance(value, tuple | list) else (value,)
    found: Observed = {Key(step.function, name): each for name, each in zip(step.names, values, strict=False)}
    if len(values) != len(step.names):
        found[Key(step.function, "number of results")] = len(values)
    return found


@dataclass(frozen=True)
class Exercise:
    """A layer, a loss, an update rule or a model: its functions and the situations they are looked at in."""

    name: str
    functions: tuple[str, ...]
    """Those that are judged."""
    situations: Callable[["Source"], list[Situation]]
    forward: str = ""
    """The forward half of a pair."""
    slopes: Mapping[str, str] = field(default_factory=dict)
    """Input -> the name of its gradient, for the numerical check of a backward half whose forward half is wrong."""
    uses: tuple[str, ...] = ()
    """Functions of the same submission that these call: a mistake there is one here."""
    dialects: Callable[["Source"], tuple[str, ...]] = lambda _: ("",)
    """Ways of the years to call it, of which a file may be written for any; the one that fits best counts."""


@dataclass(frozen=True)
class Source:
    """A student's file as it is read before anything runs."""

    text: str = ""
    functions: Mapping[str, str] = field(default_factory=dict)
    """The source of each function and class that the file defines."""
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the arguments of each function; of a class, those of __init__."""
    dialect: str = ""


def always(situations: Sequence[Situation]) -> Callable[[Source], list[Situation]]:
    """Return these situations for every file."""
    return lambda _: list(situations)


# Building ---------------------------------------------------------------------------------------------------------


def call(function: str, args: Sequence[Any], names: Sequence[str] = (), **options: Any) -> Step:
    """Call a function of the file; args are names of inputs, or Refs and values."""
    given = [Ref(arg) if isinstance(arg, str) else arg for arg in args]
    watched = [arg for arg in args if isinstance(arg, str)]
    return Step({"call": [function], "args": given, "inputs": watched, **options}, function, tuple(names))


def get(function: str, name: str, *path: Any) -> Step:
    """Look at what a function has left somewhere."""
    return Step({"get": list(path)}, function, (name,))


def put(value: Any, *path: Any) -> Step:
    """Set a value: a mode, a parameter."""
    return Step({"set": list(path), "to": value}, "", ())


def draw(seed: int, *shape: int, scale: float = 1.0, shift: float = 0.0) -> Array:
    """Draw numbers that hide nothing: neither centred at zero nor of one size."""
    return scale * np.random.default_rng([seed, *shape]).standard_normal(shape) + shift
