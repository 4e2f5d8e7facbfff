"""Formulas in lines that fit: broken where they hold together least."""

SIGNS = (" + ", " − ", " · ", ", ", " ")
"""Places to break before, the best first."""


def broken(formula: str, width: int, indent: int = 8) -> list[str]:
    """Return a formula in lines of at most `width`, further ones behind `indent` blanks.

    Broken outside brackets rather than inside, before + and − rather than other signs, and late rather than early.
    """
    lines, rest = [], formula
    while len(rest) > width:
        cut = _cut(rest, indent + 1, width)
        if cut is None:
            break
        lines.append(rest[:cut].rstrip())
        rest = " " * indent + rest[cut:].strip()
    return [*lines, rest]


def _cut(line: str, first: int, last: int) -> int | None:
    """Return the best place to break a line at; None where there is none."""
    start = max(first, last // 3)
    depths = _depths(line)
    for since in dict.fromkeys((start, first)):
        found = [
            (sign == " ", depths[place], rank, -place)
            for rank, sign in enumerate(SIGNS)
            for place in range(since, last + 1)
            if line.startswith(sign, place)
        ]
        if found:
            return -min(found)[3]
    return None


def _depths(line: str) -> list[int]:
    """Return how many brackets are open at each place."""
    depth, depths = 0, []
    for char in line:
        depth += (char in "([⌊") - (char in ")]⌋")
        depths.append(depth)
    return depths
