"""The frame of what prints formulas: which operator binds closer, where brackets are needed."""

import ast
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping

from nndl.explain.notation.formula import Formula, as_reduction, parts

LOOSE, SUM, ADD, MULTIPLY, NEGATE, POWER, ATOM = range(7)
"""Degrees of binding, the loosest first: what binds less closely than its place asks for stands in brackets."""
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Gt: ">",
    ast.GtE: "≥",
    ast.Lt: "<",
    ast.LtE: "≤",
    ast.Eq: "=",
    ast.NotEq: "≠",
}


class Printer(ABC):
    """Prints formulas. variables: names v whose gradient is dv. fixed: indices that are shown as numbers."""

    factor = SUM
    """The binding that a sum must have to stand last in a product without brackets."""

    def __init__(self, variables: Collection[str] = (), fixed: Mapping[str, int] | None = None) -> None:
        self.variables, self.fixed = variables, fixed or {}

    def equation(self, formula: Formula) -> str:
        """Return the whole formula."""
        left, right = formula.sides
        return f"{self.show(left)} = {self.show(right)}"

    def show(self, node: ast.expr, needs: int = SUM) -> str:
        """Return an expression, in brackets if it binds less closely than `needs`."""
        text, binds = self.bound(node)
        return text if binds >= needs else self.bracketed(text)

    def bound(self, node: ast.expr) -> tuple[str, int]:
        """Return an expression without brackets, and how closely it binds."""
        if reduction := as_reduction(node):
            return self.reduced(reduction.kind, reduction.letters, reduction.body)
        match node:
            case ast.Constant(value=int() | float() as value):
                return self.number(value), ATOM
            case ast.Name():
                return self.name(node.id), ATOM
            case ast.Subscript(value=ast.Name(id=name)):
                return self.element(name, parts(node.slice)), ATOM
            case ast.UnaryOp(op=ast.USub()):
                return f"−{self.show(node.operand, MULTIPLY)}", NEGATE
            case ast.List(elts=[held]):
                return f"[{self.show(held)}]", ATOM
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return f"{self.show(left, LOOSE)} {COMPARISONS[type(op)]} {self.show(right, LOOSE)}", SUM
            case ast.Call(func=ast.Name(id=name)):
                return self.call(name, node.args), ATOM
            case ast.IfExp():
                return self.cases(node), SUM
            case ast.BinOp(left=left, op=op, right=right):
                return self.operation(left, op, right)
        raise TypeError(f"no formula holds {ast.unparse(node)}")

    def operation(self, left: ast.expr, op: ast.operator, right: ast.expr) -> tuple[str, int]:
        """Return two operands and what is done with them."""
        match op:
            case ast.Add():
                return f"{self.show(left, ADD)} + {self.show(right, SUM)}", ADD
            case ast.Sub():
                last = self.factor if as_reduction(right) else MULTIPLY
                return f"{self.show(left, ADD)} − {self.show(right, last)}", ADD
            case ast.Mult():
                last = self.factor if as_reduction(right) else MULTIPLY
                return self.product(self.show(left, MULTIPLY), self.show(right, last)), MULTIPLY
            case ast.Div():
                return self.quotient(left, right)
            case ast.Pow():
                return self.power(left, right), POWER
            case ast.FloorDiv():
                return self.floor(left, right), ATOM
            case ast.Mod():
                return f"{self.show(left, MULTIPLY)} mod {self.show(right, NEGATE)}", MULTIPLY
        raise TypeError(f"no formula has the operator {op}")

    @abstractmethod
    def bracketed(self, text: str) -> str: ...
    @abstractmethod
    def number(self, value: float) -> str: ...
    @abstractmethod
    def name(self, name: str) -> str: ...
    @abstractmethod
    def element(self, name: str, index: list[ast.expr]) -> str: ...
    @abstractmethod
    def reduced(self, kind: str, letters: list[str], body: ast.expr) -> tuple[str, int]: ...
    @abstractmethod
    def product(self, left: str, right: str) -> str: ...
    @abstractmethod
    def quotient(self, left: ast.expr, right: ast.expr) -> tuple[str, int]: ...
    @abstractmethod
    def power(self, base: ast.expr, exponent: ast.expr) -> str: ...
    @abstractmethod
    def floor(self, left: ast.expr, right: ast.expr) -> str: ...
    @abstractmethod
    def call(self, name: str, arguments: list[ast.expr]) -> str: ...
    @abstractmethod
    def cases(self, node: ast.IfExp) -> str: ...
