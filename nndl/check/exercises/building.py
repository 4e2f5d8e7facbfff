"""Situations of a forward/backward pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nndl.check.exercises.exercise import Array, Exercise, Situation, Step, always, call, draw, get
from nndl.check.running.executor import Ref
from nndl.check.variants import definitions

RIGHT = definitions()
"""Our own functions, by name."""


@dataclass(frozen=True)
class Pair:
    """The names of a pair, of forward's arguments and of backward's results."""

    name: str
    forward: str
    backward: str
    arguments: tuple[str, ...]
    gradients: tuple[str, ...]

    def situation(self, label: str, *values: Any, tags: Sequence[str] = (), convention: str = "") -> Situation:
        """Call forward, backward, both again on another x, and backward on the old cache once more."""
        inputs = self.inputs(values)
        return Situation(label, inputs, self.steps(inputs), frozenset(tags), convention)

    def inputs(self, values: Sequence[Any]) -> dict[str, Any]:
        """Return forward's arguments by name, another x, and a random dout for each."""
        named = dict(zip(self.arguments, values, strict=True))
        x = named["x"]
        other = np.where(x == 0, 0, draw(9, *x.shape, scale=float(x.std()) or 1.0, shift=float(x.mean())))
        dout = draw(5, *self.out_shape(named))
        return {**named, "x2": other, "dout": dout}

    def out_shape(self, named: Mapping[str, Any]) -> tuple[int, ...]:
        copies = [dict(value) if isinstance(value, dict) else value for value in named.values()]
        return RIGHT[self.forward](*copies)[0].shape

    def steps(self, inputs: Mapping[str, Any]) -> list[Step]:
        args = [name if isinstance(inputs[name], np.ndarray | dict) else inputs[name] for name in self.arguments]
        others = ["x2", *args[1:]]
        back: list[Any] = ["dout", Ref("f", 1)]
        watched = ["dout", *(name for name in self.arguments if isinstance(inputs[name], np.ndarray))]
        return [
            call(self.forward, args, ["out"], keep="f", report=[0]),
            call(self.backward, back, self.gradients, inputs=watched),
            call(self.forward, others, keep="second", report=[]),
            get(self.forward, "out, once forward has been called again", "f", 0),
            call(self.backward, back, [f"{name}, from the same cache again" for name in self.gradients]),
        ]

    def exercise(self, *situations: Situation, uses: tuple[str, ...] = ()) -> Exercise:
        return Exercise(self.name, (self.forward, self.backward), always(situations), self.forward, self.slopes, uses)

    @property
    def slopes(self) -> dict[str, str]:
        return {name.removeprefix("d"): name for name in self.gradients}


def nonzero(x: Array) -> Array:
    """Return x without numbers near a kink at zero."""
    return np.where(np.abs(x) < 1e-3, 0.5, x)
