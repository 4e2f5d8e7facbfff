"""The C code of the transforms of Winograd's tiles, from `toom_cook`'s table: `python -m nndl.engines.compiled.tiles`.

Points come in pairs p, -p, whose rows have the same terms of even and of odd powers: added for p, subtracted for -p.
Where the last point b stands alone, what x - b is a factor of is computed from the differences d[k + 1] - b d[k].
"""

import sys
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from nndl.engines.shared.toom_cook import POINTS, SCALES, SIZES, polynomial, scale

HEADER = Path(__file__).parent / "kernels" / "tiles.h"

Term = tuple[Fraction, str]


def written(value: Fraction) -> str:
    """Write a positive number as a float of C."""
    return f"{value.numerator}.f" if value.denominator == 1 else f"({value.numerator} / {value.denominator}.f)"


def total(terms: Sequence[Term]) -> str:
    """Write a sum: "4.f * d[0] - d[2]"."""
    text = ""
    for factor, name in terms:
        if factor:
            sign = (" - " if factor < 0 else " + ") if text else ("-" if factor < 0 else "")
            text += sign + ("" if abs(factor) == 1 else f"{written(abs(factor))} * ") + name
    return text


def row(coefficients: Sequence[Fraction], names: Sequence[str], factor: Fraction = Fraction(1)) -> str:
    """Write the sum of coefficient times name, all times a factor."""
    return total([(factor * c, name) for c, name in zip(coefficients, names, strict=False)])


def pairs(size: int) -> list[tuple[int, Fraction]]:
    """List the pairs of a size: the place of the first of both, and p."""
    return [(i, POINTS[i]) for i in range(1, size, 2)]


def lone(size: int) -> Fraction | None:
    """Return the point that is without its opposite, if there is one."""
    return POINTS[size] if size % 2 else None


def patch(size: int) -> list[str]:
    """Write B' d: size + 2 vectors to as many."""
    b, given = lone(size), [f"d[{i}]" for i in range(size + 2)]
    paired = POINTS[: size + 1 - size % 2]
    lines, left = [], given
    if b is not None:
        left = [f"e{i}" for i in range(size + 1)]
        terms = [[(Fraction(1), high), (-b, low)] for low, high in pairwise(given)]
        lines.append(f"Vector {', '.join(f'{e} = {total(term)}' for e, term in zip(left, terms, strict=True))};")
    zero = row(polynomial(paired[1:]), left, scale(0, size))
    last = row(polynomial(paired), left)
    lines.append(f"Vector zero = {zero}, last = {last};")
    if b is not None:
        lines.append(f"Vector alone = {row(polynomial(paired), given, scale(size, size))};")
    for i, p in pairs(size):
        others = polynomial(q for q in paired if q not in (0, p, -p))
        factor = scale(i, size) if b is None else Fraction(1)
        even, odd = row(others, left[2:], factor), row(others, left[1:], p * factor)
        lines.append(f"Vector even{i} = {even}, odd{i} = {odd};")
    values = [(0, "zero"), (size + 1, "last"), *([(size, "alone")] if b is not None else [])]
    for i, _ in pairs(size):
        for place, sign in ((i, "+"), (i + 1, "-")):
            factor = Fraction(1) if b is None else scale(place, size)
            both = f"even{i} {sign} odd{i}"
            values.append((place, both if factor == 1 else total([(factor, f"({both})")])))
    return [*lines, ", ".join(f"d[{i}] = {value}" for i, value in sorted(values)) + ";"]


def product(size: int) -> list[str]:
    """Write A' m: size + 2 vectors to `size`."""
    lines = [f"Vector sum{i} = m[{i}] + m[{i + 1}], difference{i} = m[{i}] - m[{i + 1}];" for i, _ in pairs(size)]
    b, values = lone(size), []
    for k in range(size):
        terms = [(Fraction(1), "m[0]")] if k == 0 else []
        terms += [(p**k, f"{'difference' if k % 2 else 'sum'}{i}") for i, p in pairs(size)]
        terms += [(b**k, f"m[{size}]")] if b is not None else []
        terms += [(Fraction(1), f"m[{size + 1}]")] if k == size - 1 else []
        values.append(total(terms))
    names = [f"y{k}" for k in range(size)]
    lines.append(f"Vector {', '.join(f'{name} = {value}' for name, value in zip(names, values, strict=True))};")
    return [*lines, ", ".join(f"m[{k}] = {name}" for k, name in enumerate(names)) + ";"]


def gradient(size: int) -> list[str]:
    """Write A y: `size` vectors to size + 2."""
    given = [f"y[{k}]" for k in range(size)]
    lines, values = [], [f"y[{size + 1}] = y[{size - 1}]"]
    for i, p in pairs(size):
        powers = [(p**k, name) for k, name in enumerate(given)]
        lines.append(f"Vector even{i} = {total(powers[::2])}, odd{i} = {total(powers[1::2])};")
        values.append(f"y[{i}] = even{i} + odd{i}, y[{i + 1}] = even{i} - odd{i}")
    b = lone(size)
    if b is not None:
        lines.append(f"Vector alone = {total([(b**k, name) for k, name in enumerate(given)])};")
        values.append(f"y[{size}] = alone")
    return [*lines, ", ".join(values) + ";"]


KINDS = {"patch": (patch, "d"), "product": (product, "m"), "gradient": (gradient, "y")}
WIDTH = 118


def folded(line: str) -> list[str]:
    """Break a statement at its commas so that it fits."""
    lines = ["    "]
    for part in line.replace(", ", ",\n").split("\n"):
        if len(lines[-1]) + len(part) > WIDTH:
            lines.append("        ")
        lines[-1] += part + (" " if part.endswith(",") else "")
    return [text.rstrip() for text in lines]


def function(kind: str, size: int) -> str:
    """Write the transform of one size."""
    body, name = KINDS[kind]
    lines = [text for line in body(size) for text in folded(line)]
    return "\n".join([f"ALWAYS_INLINE void {kind}_{size}(Vector {name}[]) {{", *lines, "}"])


def choice(kind: str) -> str:
    """Write the function that takes the transform of a size."""
    name = KINDS[kind][1]
    cases = [f"    {'else ' if size != SIZES[0] else ''}if (size == {size}) {kind}_{size}({name});" for size in SIZES]
    return "\n".join([f"ALWAYS_INLINE void transform_{kind}(Vector {name}[], const int size) {{", *cases, "}"])


def header() -> str:
    """Write kernels/tiles.h."""
    rows = [[g, g * p, g * p * p] for p, g in zip(POINTS, SCALES, strict=True)]
    rows.append([Fraction(0), Fraction(0), Fraction(1)])
    numbers = [", ".join(("-" if c < 0 else "") + written(abs(c)).strip("()") for c in line) for line in rows]
    parts = [
        "/* The transforms of Winograd's tiles. Written by python -m nndl.engines.compiled.tiles, "
        "which says what they are:\n   change its table, not this. */",
        "#pragma once",
        '#include "vector.h"',
        f"enum {{ SMALLEST = {SIZES[0]}, LARGEST = {SIZES[-1]}, INFINITY_ROW = {len(POINTS)} }};",
        "static const float G[][3] = {\n" + "".join(f"    {{{line}}},\n" for line in numbers) + "};",
    ]
    for kind in KINDS:
        parts += [*(function(kind, size) for size in SIZES), choice(kind)]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    HEADER.write_text(header(), encoding="utf-8")
    print(f"written: {HEADER}", file=sys.stderr)
