"""Indices worked out where numbers are known: s*i+u-p with s = 1, i = 0, p = 1 is u-1."""

import ast
from collections.abc import Mapping

from nndl.explain.notation.evaluate import OPERATORS

CONSTANT = ""
"""The letter of what stands alone."""


def folded(node: ast.expr, known: Mapping[str, int]) -> ast.expr:
    """Return an index with known numbers put in, sums and products of them worked out."""
    linear = _linear(node, known)
    return node if linear is None else _written(linear)


def _linear(node: ast.expr, known: Mapping[str, int]) -> dict[str, int] | None:
    """Return how often each letter stands in an index, the constant under CONSTANT; None for what is no such sum."""
    match node:
        case ast.Constant(value=int(value)):
            return {CONSTANT: value}
        case ast.Name(id=name):
            return {CONSTANT: known[name]} if name in known else {name: 1}
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _linear(left, known), _linear(right, known)
            return None if a is None or b is None else _combined(a, op, b)
    return None


def _combined(a: dict[str, int], op: ast.operator, b: dict[str, int]) -> dict[str, int] | None:
    if isinstance(op, ast.Add | ast.Sub):
        return {name: OPERATORS[type(op)](a.get(name, 0), b.get(name, 0)) for name in (*a, *b)}
    if set(b) == {CONSTANT} == set(a):
        return {CONSTANT: OPERATORS[type(op)](a[CONSTANT], b[CONSTANT])}
    if isinstance(op, ast.Mult) and {CONSTANT} in (set(a), set(b)):
        factor, others = (a, b) if set(a) == {CONSTANT} else (b, a)
        return {name: factor[CONSTANT] * count for name, count in others.items()}
    return None


def _written(linear: Mapping[str, int]) -> ast.expr:
    """Return the sum again: letters first, those that are added before those that are taken away."""
    terms = [(name, count) for name, count in linear.items() if name and count]
    terms.sort(key=lambda term: term[1] < 0)
    constant = linear.get(CONSTANT, 0)
    terms.insert(0 if terms and terms[0][1] < 0 else len(terms), (CONSTANT, constant))
    written: ast.expr | None = None
    for name, count in terms:
        if count:
            term = _term(name, abs(count))
            sign = ast.Sub() if count < 0 else ast.Add()
            written = ast.BinOp(written, sign, term) if written else _signed(term, count)
    return written or ast.Constant(0)


def _term(name: str, count: int) -> ast.expr:
    if not name:
        return ast.Constant(count)
    return ast.Name(name) if count == 1 else ast.BinOp(ast.Constant(count), ast.Mult(), ast.Name(name))


def _signed(term: ast.expr, count: int) -> ast.expr:
    return ast.UnaryOp(ast.USub(), term) if count < 0 else term
