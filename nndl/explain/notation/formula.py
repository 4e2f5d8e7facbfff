"""The notation of formulas: Python's grammar, read as mathematics about the numbers of arrays.

    mean[c] = sum[n,i,j](x[n,c,i,j]) / M
    out[n,f,i,j] = b[f] + sum[c,u,v](w[f,c,u,v] * x[n,c,s*i+u-p,s*j+v-p])

An index on the left runs over its range, `sum`, `max` and `argmax` run over the indices in their brackets. An array
without an index stands for each of its numbers in turn. Beyond its edges an array is zero. [x > 0] is 1 where that
holds and 0 elsewhere. One text is what is shown and what is computed, so the two cannot differ.
"""

import ast
from dataclasses import dataclass
from functools import cached_property


class Reduction:
    """A sum, a maximum, or the place of one: what it runs over, and what of."""

    def __init__(self, node: ast.Call) -> None:
        assert isinstance(node.func, ast.Subscript)
        assert isinstance(node.func.value, ast.Name)
        self.kind = node.func.value.id
        self.letters = [each.id for each in parts(node.func.slice) if isinstance(each, ast.Name)]
        self.body = node.args[0]


def parts(index: ast.expr) -> list[ast.expr]:
    """Return what stands between brackets, one or several separated by commas."""
    return list(index.elts) if isinstance(index, ast.Tuple) else [index]


def as_reduction(node: ast.expr) -> Reduction | None:
    """Return a call such as `sum[n](x[n])` as what it is; None for any other node."""
    is_one = isinstance(node, ast.Call) and isinstance(node.func, ast.Subscript)
    return Reduction(node) if is_one and isinstance(node, ast.Call) else None


@dataclass(frozen=True)
class Formula:
    """An equation: a name, perhaps with indices, and what it equals."""

    text: str

    @cached_property
    def sides(self) -> tuple[ast.expr, ast.expr]:
        """The left and the right side."""
        (statement,) = ast.parse(self.text).body
        assert isinstance(statement, ast.Assign), self.text
        return statement.targets[0], statement.value

    @property
    def name(self) -> str:
        """The name of what is defined."""
        left = self.sides[0]
        inner = left.value if isinstance(left, ast.Subscript) else left
        assert isinstance(inner, ast.Name)
        return inner.id

    @property
    def letters(self) -> tuple[str, ...]:
        """The indices on the left, in order."""
        left = self.sides[0]
        if not isinstance(left, ast.Subscript):
            return ()
        return tuple(each.id for each in parts(left.slice) if isinstance(each, ast.Name))

    @property
    def summed(self) -> tuple[str, ...]:
        """The indices that sums and maxima run over."""
        found = [as_reduction(node) for node in ast.walk(self.sides[1]) if isinstance(node, ast.Call)]
        return tuple(letter for each in found if each for letter in each.letters)

    @cached_property
    def used(self) -> tuple[str, ...]:
        """Every name on the right, functions and indices among them, in the order they are read."""
        found = [node for node in ast.walk(self.sides[1]) if isinstance(node, ast.Name)]
        found.sort(key=lambda node: (node.lineno, node.col_offset))
        return tuple(dict.fromkeys(node.id for node in found))
