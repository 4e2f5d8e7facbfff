"""One number followed by hand: a formula at one place, with the numbers put in, and what they come to."""

import ast
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from nndl.explain.notation.evaluate import Evaluator
from nndl.explain.notation.formula import Formula, as_reduction
from nndl.explain.notation.plain import Plain
from nndl.explain.notation.printer import ATOM, LOOSE, MULTIPLY, SUM

MOST = 9
"""Terms of a sum that are all written out; of more, the largest LARGEST."""
LARGEST = 4
WHOLE = 1e7
"""Whole numbers below this are written out."""


def figure(value: Any) -> str:
    """Return a number to four digits, or whole: 2, −0.5, 1.23e-05."""
    number = float(value) + 0.0  # which makes -0 a 0
    text = f"{number:.0f}" if number.is_integer() and abs(number) < WHOLE else f"{number:.4g}"
    return f"−{text[1:]}" if text.startswith("-") else text


class Filled(Plain):
    """Prints the right side of a formula with numbers for names.

    values, sizes: as for `evaluate`. place: the place in arrays that a formula names without indices.
    """

    def __init__(
        self, values: Mapping[str, Any], sizes: Mapping[str, int], fixed: Mapping[str, int], place: tuple[int, ...]
    ) -> None:
        super().__init__((), fixed)
        self.factor = MULTIPLY
        self.values, self.sizes, self.place = values, sizes, place

    def bound(self, node: ast.expr) -> tuple[str, int]:
        if not isinstance(node, ast.Name | ast.Subscript):
            return super().bound(node)
        value = self._worth(node)
        return figure(value), LOOSE if value < 0 else ATOM

    def _worth(self, node: ast.Name | ast.Subscript) -> float:
        """Return the number that a name, or an element whose indices are fixed, stands for."""
        value = np.asarray(Evaluator(self.values, dict.fromkeys(self.fixed, 1), self.fixed).value(node))
        whole = isinstance(node, ast.Name) and node.id not in self.fixed and value.shape
        return float(value[self.place] if whole else value.reshape(-1)[0])

    def reduced(self, kind: str, letters: list[str], body: ast.expr) -> tuple[str, int]:
        ranges = {letter: self.sizes[letter] for letter in letters}
        terms = self._terms(ranges, body)
        flat = terms.reshape(-1)
        if kind == "argmax":
            return f"{int(flat.argmax())} (of {flat.size})", SUM
        if kind == "max":
            return f"max({', '.join(map(figure, flat[:MOST]))}{', …' if flat.size > MOST else ''})", ATOM
        if not flat.any():
            return f"0 ({flat.size:,} of them)" if flat.size > MOST else "0", ATOM
        return self._sum(letters, body, terms), SUM

    def _sum(self, letters: list[str], body: ast.expr, terms: Any) -> str:
        """Return the terms that are not zero, or the largest of them and what the others come to."""
        flat = terms.reshape(-1)
        shown = np.arange(flat.size) if flat.size <= MOST else np.flatnonzero(flat)
        if len(shown) > MOST:
            shown = np.sort(np.argsort(-np.abs(flat), kind="stable")[:LARGEST])
        texts = [self._term(body, dict(zip(letters, np.unravel_index(at, terms.shape), strict=True))) for at in shown]
        rest, others = flat.size - len(texts), flat.sum() - flat[shown].sum()
        if rest:
            texts.append(f"({rest:,} more: {figure(others)})")
        return " + ".join(texts)

    def _terms(self, ranges: Mapping[str, int], body: ast.expr) -> Any:
        """Return what is summed, an axis for each index that is summed over."""
        evaluator = Evaluator(self.values, {**dict.fromkeys(self.fixed, 1), **self._inner(body), **ranges}, self.fixed)
        full = [1] * (len(evaluator.axes) - len(ranges)) + list(ranges.values())
        return np.broadcast_to(evaluator.value(body), full).reshape(list(ranges.values()))

    def _inner(self, body: ast.expr) -> dict[str, int]:
        """Return the indices of sums within, and how far they run."""
        inner = [as_reduction(node) for node in ast.walk(body) if isinstance(node, ast.Call)]
        return {letter: self.sizes[letter] for each in inner if each for letter in each.letters}

    def _term(self, body: ast.expr, at: Mapping[str, Any]) -> str:
        fixed = {**self.fixed, **{letter: int(index) for letter, index in at.items()}}
        return Filled(self.values, self.sizes, fixed, self.place).show(body, MULTIPLY)


class Placed(Plain):
    """Prints arrays that a formula names without indices with those of one place. whole: their names."""

    def __init__(
        self,
        variables: Collection[str],
        fixed: Mapping[str, int],
        known: Mapping[str, int],
        whole: Collection[str],
        place: tuple[int, ...],
    ) -> None:
        super().__init__(variables, fixed, known)
        self.whole, self.place = whole, ",".join(map(str, place))

    def name(self, name: str) -> str:
        return f"{super().name(name)}[{self.place}]" if name in self.whole else super().name(name)


def followed(
    formula: Formula,
    values: Mapping[str, Any],
    sizes: Mapping[str, int],
    place: Mapping[str, int],
    variables: Collection[str] = (),
    at: tuple[int, ...] = (),
) -> tuple[str, str, float]:
    """Return a formula at one place, its right side with numbers in it, and its value.

    place: of each index on the left; at: of the arrays that the formula names without indices.
    """
    fixed = {letter: place[letter] for letter in formula.letters}
    numbers = {name: value for name, value in values.items() if np.ndim(value) == 0 and name not in sizes}
    known = {name: int(value) for name, value in numbers.items() if float(value).is_integer()}
    whole = () if formula.letters else [name for name, value in values.items() if np.ndim(value) == len(at) > 0]
    symbolic = Placed(variables, fixed, known, whole, at).equation(formula)
    filled = Filled(values, sizes, fixed, at)
    letters = {letter: sizes[letter] for letter in (*formula.letters, *formula.used) if letter in sizes}
    value = np.asarray(Evaluator(values, letters, fixed).equation(formula))
    return (
        symbolic,
        filled.show(formula.sides[1]),
        float(value.reshape(-1)[0] if formula.letters or not value.ndim else value[at]),
    )
