r"""A formula as LaTeX; dgamma[c] becomes \frac{\partial L}{\partial \gamma_{c}}."""

import ast
from collections.abc import Collection

from nndl.explain.notation.formula import Formula
from nndl.explain.notation.printer import ADD, ATOM, MULTIPLY, NEGATE, SUM, Printer
from nndl.explain.notation.symbols import LATEX

COMMANDS = {"≥": r"\ge", "≤": r"\le", "≠": r"\ne", "−": "-", " mod ": r" \bmod "}


class Latex(Printer):
    """Prints formulas for a page. in_index: within how many indices the printing is."""

    in_index = 0

    def equation(self, formula: Formula) -> str:
        text = super().equation(formula)
        for sign, command in COMMANDS.items():
            text = text.replace(sign, command)
        return text

    def bracketed(self, text: str) -> str:
        return rf"\left({text}\right)"

    def number(self, value: float) -> str:
        digits, _, exponent = f"{value:g}".partition("e")
        power = f"10^{{{int(exponent)}}}" if exponent else ""
        return power if power and digits == "1" else rf"{digits} \cdot {power}" if power else digits

    def name(self, name: str) -> str:
        return self._indexed(name, "")

    def _indexed(self, name: str, below: str) -> str:
        if name[:1] == "d" and name[1:] in self.variables:
            return rf"\frac{{\partial L}}{{\partial {self._indexed(name[1:], below)}}}"
        base, _, ending = name.partition("_")
        words = rf"\mathrm{{{name}}}" if not ending else rf"\mathrm{{{base}}}_{{\mathrm{{{ending}}}}}"
        symbol = LATEX.get(name) or (name if len(name) == 1 else words)
        if not below:
            return symbol
        base, power, exponent = symbol.partition("^")
        base = f"{{{base}}}" if "_" in base else base
        return f"{base}_{{{below}}}{power}{exponent}"

    def element(self, name: str, index: list[ast.expr]) -> str:
        self.in_index += 1
        shown = [self.show(each).replace(" + ", "+").replace(" − ", "−") for each in index]
        self.in_index -= 1
        return self._indexed(name, ",".join(shown))

    def reduced(self, kind: str, letters: list[str], body: ast.expr) -> tuple[str, int]:
        over = ",".join(letters)
        if kind == "sum":
            return rf"\sum\nolimits_{{{over}}} {self.show(body, MULTIPLY)}", SUM
        sign = r"\max" if kind == "max" else r"\mathrm{argmax}"
        return rf"{sign}_{{{over}}} {self.show(body, ATOM)}", ATOM

    def product(self, left: str, right: str) -> str:
        return rf"{left} \, {right}"

    def quotient(self, left: ast.expr, right: ast.expr) -> tuple[str, int]:
        if self.in_index:
            return f"{self.show(left, MULTIPLY)}/{self.show(right, NEGATE)}", MULTIPLY
        return rf"\frac{{{self.show(left)}}}{{{self.show(right)}}}", ATOM

    def power(self, base: ast.expr, exponent: ast.expr) -> str:
        return f"{self.show(base, ATOM)}^{{{self.show(exponent)}}}"

    def floor(self, left: ast.expr, right: ast.expr) -> str:
        return rf"\left\lfloor {self.quotient(left, right)[0]} \right\rfloor"

    def call(self, name: str, arguments: list[ast.expr]) -> str:
        shown = ", ".join(self.show(each) for each in arguments)
        return rf"\sqrt{{{shown}}}" if name == "sqrt" else rf"\{name}\left({shown}\right)"

    def cases(self, node: ast.IfExp) -> str:
        rows = rf"{self.show(node.body, ADD)} & {self.show(node.test)} \\ {self.show(node.orelse)} & \text{{else}}"
        return rf"\begin{{cases}} {rows} \end{{cases}}"


def as_latex(formula: Formula, variables: Collection[str] = ()) -> str:
    """Return a formula as LaTeX."""
    return Latex(variables).equation(formula)
