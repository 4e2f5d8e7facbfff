"""The form of an explanation: what is given, the steps forward and back, and what they are held to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nndl.explain.notation.formula import Formula
from nndl.net.types import Array

Values = Mapping[str, Any]
"""Arrays and numbers by the names that formulas and NumPy lines use."""


@dataclass(frozen=True)
class Given:
    """An array that a layer is given: its shape in letters, what it is, and the numbers of the worked example."""

    name: str
    shape: str
    """Sizes separated by spaces: "N C H W"."""
    says: str
    example: Any
    kind: str = "numbers"
    """Of arrays drawn for a test: numbers; labels below the last size of the first array; shares from [0, 1)."""

    @property
    def in_brackets(self) -> str:
        """The shape as it is written: (N, C, H')."""
        sizes = [size.replace("_out", "'") for size in self.shape.split()]
        return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


@dataclass(frozen=True)
class Step:
    """One step: a formula, the same in NumPy, and why."""

    formula: str
    numpy: str
    why: str = ""

    @property
    def parsed(self) -> Formula:
        """The formula, read."""
        return Formula(self.formula)

    @property
    def name(self) -> str:
        """The name of what the step computes."""
        return self.parsed.name


@dataclass(frozen=True)
class Source:
    """Something to read on in."""

    words: str
    url: str


@dataclass(frozen=True)
class Explanation:
    """All that is said of a layer, a loss or an update rule.

    The steps are run: formula and NumPy line must give the same numbers, which must be those of `own`, and every
    gradient that of the steps forward, numerically.
    """

    name: str
    title: str
    summary: str
    config: str
    """A line of YAML: the way it is written in a config."""
    given: tuple[Given, ...]
    forward: tuple[Step, ...]
    backward: tuple[Step, ...]
    own: Callable[[Values], dict[str, Array]]
    """Returns by name what our own functions give for these values: out, dx, dgamma."""
    functions: tuple[Callable[..., Any], ...]
    """Our own functions, whose source is shown."""
    indices: Mapping[str, str] = field(default_factory=dict)
    """The size that each index runs over: {"n": "N"}."""
    constants: Mapping[str, float] = field(default_factory=dict)
    """Numbers of the worked example: stride, eps."""
    sizes: Callable[[Values], dict[str, int]] = field(default=lambda values: {})  # noqa: ARG005
    """Sizes that follow from others: H_out from H."""
    tests: tuple[Mapping[str, float], ...] = ()
    """Other sizes and constants, in which the steps are held to the functions too."""
    options: Callable[[Any], dict[str, float]] = field(default=lambda layer: {})  # noqa: ARG005
    """Returns the constants of a layer of a network."""
    output: str = "out"
    """The name of the result that gradients are of."""
    notes: tuple[str, ...] = ()
    """Mistakes that are often made, and facts that no formula shows."""
    sources: tuple[Source, ...] = ()
    aliases: tuple[str, ...] = ()
    """Other names it is looked for under, besides those of its functions."""
    form_of: str = ""
    """The explanation of the usual layer, where this is of one whose options make formulas of their own."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in order."""
        return (*self.forward, *self.backward)

    @property
    def main_functions(self) -> list[str]:
        """The names of the functions that it explains, without those that they call."""
        stem = self.functions[0].__name__.partition("_forward")[0]
        return [each.__name__ for each in self.functions if each.__name__.startswith(stem)]

    @property
    def variables(self) -> tuple[str, ...]:
        """Every name that a formula gives or takes a value of, whose gradient is written with a d before it."""
        names = [each.name for each in self.given if each.name != "dout"]
        return tuple(dict.fromkeys([*names, *(step.name for step in self.forward), self.output]))


def pair(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    arguments: Callable[[Values], tuple[Any, ...]],
    gradients: tuple[str, ...] = (),
) -> Callable[[Values], dict[str, Array]]:
    """Return `own` of a layer that is a forward and a backward half; `arguments` follow x."""

    def own(values: Values) -> dict[str, Array]:
        out, cache = forward(values["x"], *arguments(values))
        result = backward(values["dout"], cache)
        back = result if isinstance(result, tuple) else (result,)
        return {"out": out, **{f"d{name}": each for name, each in zip(("x", *gradients), back, strict=True)}}

    return own
