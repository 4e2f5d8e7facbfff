"""An explanation at work: its steps run on numbers, its functions called, each held to the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nndl.check.gradients import Row, check_gradients
from nndl.explain.notation.evaluate import evaluate
from nndl.explain.notation.numbers import followed
from nndl.explain.record import Explanation, Step, Values
from nndl.net.types import Array


def example(explanation: Explanation) -> "Worked":
    """Return the worked example, on small numbers."""
    return work(explanation, {each.name: as_array(each.example) for each in explanation.given}, explanation.constants)


def as_array(numbers: Any) -> Array:
    """Return float64, or whole numbers where all are (labels are written as np.array of int)."""
    return numbers if isinstance(numbers, np.ndarray) else np.array(numbers, np.float64)


def draw(explanation: Explanation, given: Mapping[str, float], seed: int = 0) -> "Worked":
    """Return the same for random arrays of the sizes and with the constants `given`."""
    random = np.random.default_rng(seed)
    known: dict[str, Any] = {**explanation.constants, **given}
    known |= explanation.sizes(known)
    arrays: dict[str, Array] = {}
    for each in explanation.given:
        shape = tuple(int(known[size]) for size in each.shape.split())
        if each.kind == "labels":
            last = explanation.given[0].shape.split()[-1]
            arrays[each.name] = random.integers(0, int(known[last]), shape)
        else:
            arrays[each.name] = random.random(shape) if each.kind == "shares" else random.standard_normal(shape)
    return work(explanation, arrays, known)


def work(explanation: Explanation, arrays: Mapping[str, Array], constants: Mapping[str, float]) -> "Worked":
    """Return an explanation at work on these arrays; sizes are read off them."""
    values: dict[str, Any] = {**constants, **arrays}
    for each in explanation.given:
        values |= dict(zip(each.shape.split(), np.shape(arrays[each.name]), strict=bool(each.shape)))
    values |= explanation.sizes(values)
    return Worked(explanation, values)


def run(steps: tuple[Step, ...], values: Values, instead: Values | None = None) -> dict[str, Any]:
    """Run NumPy lines in order; `instead` has values that take the place of what a step gives."""
    known: dict[str, Any] = {"np": np, **values}
    for step in steps:
        exec(compile(step.numpy, f"<{step.name}>", "exec"), known)  # our own lines, out of nndl/explain
        if instead and step.name in instead:
            known[step.name] = instead[step.name]
    return {name: value for name, value in known.items() if isinstance(value, np.ndarray | np.generic | int | float)}


@dataclass(frozen=True)
class Worked:
    """Values that an explanation works on, and what comes of them."""

    explanation: Explanation
    values: Values

    @cached_property
    def known(self) -> dict[str, Any]:
        """The values, and what the NumPy lines make of them, by name."""
        return run(self.explanation.steps, self.values)

    @cached_property
    def own(self) -> dict[str, Array]:
        """The results of our own functions."""
        return {name: np.asarray(value) for name, value in self.explanation.own(self.values).items()}

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The number of values of each index."""
        return {letter: int(self.values[size]) for letter, size in self.explanation.indices.items()}

    @cached_property
    def stages(self) -> list[Any]:
        """The results of the steps: of a name that is computed in two ways, one value for each."""
        known: dict[str, Any] = dict(self.values)
        given = []
        for step in self.explanation.steps:
            known = run((step,), known)
            given.append(known[step.name])
        return given

    def from_formula(self, step: Step) -> Array:
        """Return what the formula of a step gives, from what the NumPy lines before it gave."""
        return np.asarray(evaluate(step.parsed, self.plain, self.sizes))

    @cached_property
    def plain(self) -> dict[str, Any]:
        """All values, in the shapes that formulas say: an array kept as (1, C, 1, 1) for NumPy's sake is (C,)."""
        plain = dict(self.known)
        for step in self.explanation.steps:
            if step.parsed.letters:
                shape = tuple(self.sizes[letter] for letter in step.parsed.letters)
                plain[step.name] = np.reshape(plain[step.name], shape)
        return plain

    def formula_difference(self) -> float:
        """Return the largest difference of a step's formula from its NumPy line, relative to its largest number."""
        pairs = zip(self.explanation.steps, self.stages, strict=True)
        return max(difference(self.from_formula(step), stage) for step, stage in pairs)

    def own_difference(self) -> float:
        """Return the same of the results of our own functions from those of every step of their name."""
        pairs = zip(self.explanation.steps, self.stages, strict=True)
        return max(difference(self.own[step.name], stage) for step, stage in pairs if step.name in self.own)

    def numerical(self) -> list[Row]:
        """Compare every gradient, those by values halfway among them, with a numerical one of the steps forward."""
        rows = []
        for step, stage in zip(self.explanation.steps, self.stages, strict=True):
            of = step.name[1:]
            if step.name[:1] == "d" and of in self.explanation.variables and of != self.explanation.output:
                rows.append(self._numerical(of, np.reshape(stage, np.shape(self.known[of]))))
        return rows

    def _numerical(self, name: str, gradient: Array) -> Row:
        moved = np.array(self.known[name], np.float64)
        values = {**self.values, name: moved}

        def output() -> Array:
            return run(self.explanation.forward, values, {name: moved})[self.explanation.output]

        upstream = self.values.get("dout", 1.0)
        (row,) = check_gradients(output, {name: moved}, {name: gradient}, upstream).rows
        return row

    def place_of(self, step: Step) -> tuple[dict[str, int], tuple[int, ...]]:
        """Return the place to follow: the first where the step gives no zero, by index and by axis."""
        value = np.atleast_1d(self.plain[step.name])
        at = np.unravel_index(int((value != 0).argmax()), value.shape)
        place = tuple(int(index) for index in at)
        return dict(zip(step.parsed.letters, place, strict=False)), place

    def follow(self, step: Step, place: Mapping[str, int], at: tuple[int, ...] = ()) -> tuple[str, str, float]:
        """Return a step at one place: its formula, the numbers in it, its value."""
        return followed(step.parsed, self.plain, self.sizes, place, self.explanation.variables, at)


def difference(a: Any, b: Any, least: float = 1.0) -> float:
    """Return max |a - b| over the largest |b|, or `least`, of arrays of one shape but for axes of length 1."""
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.size != second.size:
        return float("inf")
    largest = max(least, float(np.max(np.abs(second), initial=0.0)))
    return float(np.max(np.abs(first.reshape(-1) - second.reshape(-1)), initial=0.0)) / largest
