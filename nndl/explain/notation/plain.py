"""A formula as a line of a terminal: μ[c] = 1/M · Σ_nij x[n,c,i,j]."""

import ast
import unicodedata
from collections.abc import Collection, Mapping

from nndl.explain.notation.folding import folded
from nndl.explain.notation.formula import Formula
from nndl.explain.notation.printer import ADD, ATOM, LOOSE, MULTIPLY, NEGATE, SUM, Printer
from nndl.explain.notation.symbols import PLAIN

SUPERSCRIPTS = {"2": "²", "3": "³", "t": "ᵗ"}


class Plain(Printer):
    """Prints formulas as text. known: whole numbers that indices are worked out with."""

    def __init__(
        self,
        variables: Collection[str] = (),
        fixed: Mapping[str, int] | None = None,
        known: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(variables, fixed)
        self.known = {**(known or {}), **self.fixed}

    def bracketed(self, text: str) -> str:
        return f"({text})"

    def number(self, value: float) -> str:
        return f"{value:g}"

    def name(self, name: str) -> str:
        if name in self.fixed:
            return str(self.fixed[name])
        if name[:1] == "d" and name[1:] in self.variables:
            return f"d{PLAIN.get(name[1:], name[1:])}"
        return PLAIN.get(name, name)

    def element(self, name: str, index: list[ast.expr]) -> str:
        shown = [self.show(folded(each, self.known)).replace(" mod ", "%").replace(" ", "") for each in index]
        return f"{self.name(name)}[{','.join(shown)}]".replace("%", " mod ")

    def reduced(self, kind: str, letters: list[str], body: ast.expr) -> tuple[str, int]:
        over = "".join(letters)
        if kind == "sum":
            return f"Σ_{over} {self.show(body, MULTIPLY)}", SUM
        return f"{kind}_{over}({self.show(body)})", ATOM

    def product(self, left: str, right: str) -> str:
        return f"{left} · {right}"

    def quotient(self, left: ast.expr, right: ast.expr) -> tuple[str, int]:
        small = all(isinstance(each, ast.Name | ast.Constant) for each in (left, right))
        between = "/" if small else " / "
        return f"{self.show(left, MULTIPLY)}{between}{self.show(right, NEGATE)}", MULTIPLY

    def power(self, base: ast.expr, exponent: ast.expr) -> str:
        shown = self.show(exponent)
        return f"{self.show(base, ATOM)}{SUPERSCRIPTS.get(shown) or f'^{self.show(exponent, ATOM)}'}"

    def floor(self, left: ast.expr, right: ast.expr) -> str:
        return f"⌊{self.show(left, MULTIPLY)} / {self.show(right, NEGATE)}⌋"

    def call(self, name: str, arguments: list[ast.expr]) -> str:
        shown = ", ".join(self.show(each, LOOSE) for each in arguments)
        return f"{'√' if name == 'sqrt' else name}({shown})"

    def cases(self, node: ast.IfExp) -> str:
        return f"{self.show(node.body, ADD)} if {self.show(node.test)}, else {self.show(node.orelse)}"


ASCII = str.maketrans(
    {"·": "*", "−": "-", "√": "sqrt", "≥": ">=", "≤": "<=", "≠": "!=", "²": "^2", "³": "^3", "ᵗ": "^t"}
    | {"Σ": "sum", "⌊": "floor(", "⌋": ")", "×": "x", "…": "...", "∂": "d", "→": "->", "≈": "~"}
)


def symbol(name: str) -> str:
    """Return the letter that stands for a name."""
    return PLAIN.get(name, name)


def length(text: str) -> int:
    """Count the columns of text: a hat over a letter takes none."""
    return sum(not unicodedata.combining(char) for char in text)


def as_plain(formula: Formula, variables: Collection[str] = ()) -> str:
    """Return a formula as text."""
    return Plain(variables).equation(formula)


def in_ascii(text: str) -> str:
    """Return text for a terminal without these characters: names of the code instead of Greek letters."""
    for name, symbol in PLAIN.items():
        if not symbol.isascii():
            text = text.replace(symbol, name)
    return text.translate(ASCII)
