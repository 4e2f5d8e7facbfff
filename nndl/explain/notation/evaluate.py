"""The value of a formula, by the letter: every index is an axis, a sum is a sum over its axes."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nndl.explain.notation.formula import Formula, as_reduction, parts
from nndl.net.types import Array

OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
CALLS: dict[str, Callable[..., Any]] = {
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "max": np.maximum,
    "min": np.minimum,
}


class Evaluator:
    """Evaluates the right side of a formula, or parts of it.

    values: arrays and numbers by name, sizes (N, C) among them. ranges: how far each index runs. fixed: the indices
    that stay at one value.
    """

    def __init__(self, values: Mapping[str, Any], ranges: Mapping[str, int], fixed: Mapping[str, int]) -> None:
        self.values, self.ranges, self.fixed = values, ranges, fixed
        self.axes = {letter: axis for axis, letter in enumerate(ranges)}

    def equation(self, formula: Formula) -> Array:
        """Return what stands on the right, one axis for each index on the left that is not fixed."""
        found = np.asarray(self.value(formula.sides[1]))
        letters = [letter for letter in formula.letters if letter not in self.fixed]
        if not self.axes:
            return found  # an equation without indices: arrays as they are
        kept = [self.axes[letter] for letter in letters]
        shape = [self.ranges[letter] if letter in letters else 1 for letter in self.axes]
        found = np.broadcast_to(found, shape).transpose(*kept, *(a for a in range(len(shape)) if a not in kept))
        return found.reshape([self.ranges[letter] for letter in letters])

    def value(self, node: ast.expr) -> Any:
        """Return the value of an expression; with indices, an array with an axis for each."""
        if reduction := as_reduction(node):
            return self._reduced(reduction.kind, reduction.letters, self.value(reduction.body))
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                return self._index(node.id) if node.id in self.ranges else self.values[node.id]
            case ast.Subscript(value=ast.Name(id=name)):
                return element(np.asarray(self.values[name]), [self.value(each) for each in parts(node.slice)])
            case ast.BinOp():
                return OPERATORS[type(node.op)](self.value(node.left), self.value(node.right))
            case ast.UnaryOp(op=ast.USub()):
                return -self.value(node.operand)
            case ast.Call(func=ast.Name(id=name)):
                return CALLS[name](*map(self.value, node.args))
            case ast.List(elts=[ast.Compare() as held]):  # Iverson's bracket
                return np.where(self.value(held), 1.0, 0.0)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return OPERATORS[type(op)](self.value(left), self.value(right))
            case ast.IfExp():
                return np.where(self.value(node.test), self.value(node.body), self.value(node.orelse))
        raise TypeError(f"no formula holds {ast.unparse(node)}")

    def _index(self, letter: str) -> Array:
        values = np.array([self.fixed[letter]]) if letter in self.fixed else np.arange(self.ranges[letter])
        return values.reshape([-1 if axis == self.axes[letter] else 1 for axis in range(len(self.axes))])

    def _reduced(self, kind: str, letters: list[str], terms: Any) -> Array:
        axes = tuple(self.axes[letter] for letter in letters)
        terms = np.asarray(terms, dtype=np.float64)
        terms = terms.reshape((1,) * (len(self.axes) - terms.ndim) + terms.shape)
        full = [1 if letter in self.fixed else self.ranges[letter] for letter in self.axes]
        terms = np.broadcast_to(terms, [full[a] if a in axes else size for a, size in enumerate(terms.shape)])
        if kind == "sum":
            return terms.sum(axis=axes, keepdims=True)
        if kind == "max":
            return terms.max(axis=axes, keepdims=True)
        last = np.moveaxis(terms, axes, range(-len(axes), 0))
        found = last.reshape(*last.shape[: -len(axes)], -1).argmax(axis=-1)  # the first, counted row by row
        return np.expand_dims(found, sorted(axes))


def element(array: Array, index: list[Any]) -> Array:
    """Return array[index], index arrays broadcast together; zero where an index is outside."""
    index = list(np.broadcast_arrays(*map(np.asarray, index)))
    inside = np.logical_and.reduce([(i >= 0) & (i < size) for i, size in zip(index, array.shape, strict=True)])
    near = tuple(np.clip(i, 0, size - 1) for i, size in zip(index, array.shape, strict=True))
    return np.where(inside, array[near], array.dtype.type(0))


def evaluate(
    formula: Formula, values: Mapping[str, Any], sizes: Mapping[str, int], fixed: Mapping[str, int] | None = None
) -> Array:
    """Return the array that a formula defines; `sizes` says how far each letter that is an index runs."""
    letters = (*formula.letters, *formula.used)
    ranges = {letter: sizes[letter] for letter in dict.fromkeys(letters) if letter in sizes}
    return Evaluator(values, ranges, fixed or {}).equation(formula)
