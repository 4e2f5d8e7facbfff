"""Curves in a terminal: each character is a grid of 2 x 4 dots."""

import math
from collections.abc import Sequence
from itertools import pairwise

Points = Sequence[tuple[float, float]]

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of a braille character, row by row."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"
"""The letters of curves where the terminal has no braille, or no colours."""

BETWEEN_LETTERS = 24
"""Columns from one letter to the next on a curve that colours do not tell apart."""

SPARKS = "▁▂▃▄▅▆▇█"


class Canvas:
    """`width` x `height` characters over the x and y that all curves have in common."""

    def __init__(
        self, curves: Sequence[Points], width: int, height: int, bands: Sequence[Sequence[tuple[float, ...]]] = ()
    ) -> None:
        points = [point for curve in curves for point in curve]
        points += [(x, y) for band in bands for x, *ends in band for y in ends]
        xs, ys = [x for x, _ in points] or [0.0], [y for _, y in points] or [0.0]
        self.left, self.right = min(0.0, *xs), max(xs)
        self.bottom, self.top = min(ys), max(ys)
        self.width, self.height = width, height
        self.bits = [[0] * width for _ in range(height)]
        self.owner: list[list[int | None]] = [[None] * width for _ in range(height)]
        for number, band in enumerate(bands):
            self._fill(band, number)
        for number, curve in enumerate(curves):
            self._draw(curve, number)

    def rows(self, braille: bool = True, lettered: bool = False) -> list[list[tuple[str, int | None]]]:
        """Return characters with the number of the curve each is of, None for blanks, -1 - number in a curve's band.

        The top row comes first. `lettered` braille has the curves' letters in it here and there, for where there are no
        colours.
        """
        return [
            [self._character(row, column, braille, lettered) for column in range(self.width)]
            for row in range(self.height)
        ]

    def _character(self, row: int, column: int, braille: bool, lettered: bool) -> tuple[str, int | None]:
        who = self.owner[row][column]
        if who is None:
            return " ", None
        if who < 0:
            return chr(0x2800 + self.bits[row][column]) if braille else ".", who
        due = lettered and (column - 4 * (who + 1)) % BETWEEN_LETTERS == 0
        return LETTERS[who % 26] if due or not braille else chr(0x2800 + self.bits[row][column]), who

    def _draw(self, curve: Points, number: int) -> None:
        """Draw straight lines from point to point."""
        dots = [self._dot(*point) for point in curve]
        for (x0, y0), (x1, y1) in zip(dots, dots[1:] or dots, strict=False):
            way = max(abs(x1 - x0), abs(y1 - y0), 1)
            for part in range(way + 1):
                self._set(round(x0 + (x1 - x0) * part / way), round(y0 + (y1 - y0) * part / way), number)

    def _fill(self, band: Sequence[tuple[float, ...]], number: int) -> None:
        """Set every other dot between the lowest and the highest (x, low, high)."""
        ends = [(self._dot(x, low), self._dot(x, high)) for x, low, high in band]
        for ((x0, low0), (_, high0)), ((x1, low1), (_, high1)) in pairwise(ends):
            for x in range(x0, x1 + 1):
                part = (x - x0) / ((x1 - x0) or 1)
                for y in range(round(high0 + (high1 - high0) * part), round(low0 + (low1 - low0) * part) + 1):
                    if (x + y) % 2 == 0:
                        self._set(x, y, -1 - number)

    def _dot(self, x: float, y: float) -> tuple[int, int]:
        across = (x - self.left) / ((self.right - self.left) or 1.0)
        up = (y - self.bottom) / ((self.top - self.bottom) or 1.0)
        return round(across * (2 * self.width - 1)), round((1 - up) * (4 * self.height - 1))

    def _set(self, x: int, y: int, number: int) -> None:
        self.bits[y // 4][x // 2] |= DOTS[y % 4][x % 2]
        self.owner[y // 4][x // 2] = number


class Trace:
    """A series of any length, kept in few means of as many neighbours each."""

    def __init__(self, cells: int = 130) -> None:
        self._cells, self._each = cells, 1
        self._means: list[float] = []
        self._sum, self._count = 0.0, 0

    def add(self, value: float) -> None:
        """Take in a value; what is not finite is left out."""
        if not math.isfinite(value):
            return
        self._sum, self._count = self._sum + value, self._count + 1
        if self._count == self._each:
            self._means.append(self._sum / self._each)
            self._sum, self._count = 0.0, 0
        if len(self._means) == 2 * self._cells:
            self._means = [(a + b) / 2 for a, b in zip(self._means[::2], self._means[1::2], strict=True)]
            self._each *= 2

    def sparkline(self, cells: int = 64) -> str:
        """Draw the series in at most `cells` cells, without its highest twentieth, the spikes of the first steps."""
        means = list(self._means)  # while it is drawn, another thread may add to it
        top = sorted(means)[int(0.95 * (len(means) - 1))] if means else 0.0
        return sparkline([min(mean, top) for mean in means], min(self._cells, cells))


def sparkline(values: Sequence[float], width: int = 24) -> str:
    """Draw the values in one line, the last at its right end; means of neighbours if there are more than `width`."""
    cells = min(width, len(values))
    means = []
    for cell in range(cells):
        part = values[len(values) * cell // cells : len(values) * (cell + 1) // cells]
        means.append(sum(part) / len(part))
    low, high = min(means, default=0.0), max(means, default=0.0)
    return "".join(SPARKS[round((value - low) / ((high - low) or 1.0) * (len(SPARKS) - 1))] for value in means)
