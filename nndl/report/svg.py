"""Line charts and a reliability diagram as SVG inside a page; colours come from the page's style by class."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from nndl.report.escape import escape
from nndl.runs.curves import Points

Band = Sequence[tuple[float, float, float]]
"""(x, lowest, highest)"""

T = TypeVar("T")

WIDTH, HEIGHT = 420, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 10, 26
MOST_POINTS = 300


TINY = 1e-30
"""The smallest number on a logarithmic axis; what is less is taken for zero."""


@dataclass(frozen=True)
class Line:
    """One curve: its name, its points, and the number of its colour."""

    label: str
    points: Points
    colour: int = 1
    faint: bool = False
    dots: bool = False
    band: Band = ()
    """Between which values the runs lie whose mean it is."""


def number(value: float) -> str:
    """Return a tick's text: 1e-5, 0.001, 2.5, 4,000."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}".replace("e-0", "e-")


def percent_tick(value: float) -> str:
    """Return a share's text at an axis: 50 %, 99.5 %."""
    return f"{100 * value:.3g} %"


def line_chart(
    title: str,
    lines: Sequence[Line],
    show: Callable[[float], str] = number,
    *,
    x_label: str = "epoch",
    log: bool = False,
    from_zero: bool = False,
) -> str:
    """Return a chart with a legend above it, as HTML; empty where no line has points.

    The description that is read aloud says where each line begins and ends. log: powers of ten upwards. from_zero: the
    axis begins there, so that heights can be compared.
    """
    known = [replace(each, points=_rising(each.points, log)) for each in lines]
    known = [each for each in known if each.points]
    if not known:
        return ""
    scale = Scale(known, log, from_zero)
    description = "; ".join(
        f"{each.label or title} from {show(each.points[0][1])} to {show(each.points[-1][1])}"
        for each in known
        if not each.faint
    )
    parts = [
        scale.grid(show),
        *(_band(each, scale) for each in known),
        *(_curve(each, scale) for each in known),
        scale.axis(x_label),
    ]
    legend = "".join(
        f'<span class="key c{each.colour}">{escape(each.label)}</span>'
        for each in known
        if each.label and not each.faint
    )
    return figure(title, legend, description, "".join(parts))


def figure(title: str, legend: str, description: str, drawing: str, height: int = HEIGHT) -> str:
    """Return a drawing of WIDTH x `height` with its heading, its legend and what it shows in words."""
    above = f"<p class=legend>{legend}</p>" if legend else ""
    return (
        f"<figure><h3>{escape(title)}</h3>{above}"
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{drawing}</svg></figure>"
    )


class Scale:
    """A mapping of values to places in the drawing."""

    def __init__(self, lines: Sequence[Line], log: bool = False, from_zero: bool = False) -> None:
        xs = [x for line in lines for x, _ in line.points]
        ys = sorted(y for line in lines if not line.faint for _, y in line.points)
        ys = sorted([*ys, *(y for line in lines for _, *ends in line.band for y in ends if not log or y > TINY)])
        self.log = log
        self.left, self.right = min(0.0, *xs), max(xs) or 1.0
        low, high = (min(0.0, ys[0]) if from_zero else ys[0]), ys[-1]
        self.ticks = decades(low, high) if log else round_ticks(low, high)
        self.low, self.high = min(low, self.ticks[0]), max(high, self.ticks[-1])

    def x(self, value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - self.left) / (self.right - self.left or 1)

    def y(self, value: float) -> float:
        low, high, at = (
            (math.log10(v) for v in (self.low, self.high, value)) if self.log else (self.low, self.high, value)
        )
        share = (min(max(at, low), high) - low) / (high - low or 1)
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share

    def grid(self, show: Callable[[float], str]) -> str:
        """Return a line across and its number for each tick."""
        return "".join(
            f'<line class=grid x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self.y(tick):.1f}" y2="{self.y(tick):.1f}"/>'
            f'<text class=tick x="{LEFT - 6}" y="{self.y(tick) + 4:.1f}" text-anchor="end">{escape(show(tick))}</text>'
            for tick in self.ticks
        )

    def axis(self, label: str) -> str:
        """Return numbers along the bottom, and at its end what they are of."""
        ticks = [tick for tick in round_ticks(self.left, self.right) if self.left <= tick <= self.right]
        texts = [
            _text(self.x(tick), number(tick), "middle" if place else "start") for place, tick in enumerate(ticks[:-1])
        ]
        last, end = self.x(ticks[-1]), WIDTH - RIGHT
        if end - last > 50:
            texts += [_text(last, number(ticks[-1]), "middle"), _text(end, label, "end")]
        else:
            texts.append(_text(min(last + 4, end), f"{label} {number(ticks[-1])}", "end"))
        return "".join(texts)


def _text(x: float, words: str, anchor: str) -> str:
    return f'<text class=tick x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{escape(words)}</text>'


def _band(line: Line, scale: Scale) -> str:
    """Return the ground between the lowest and the highest."""
    if not line.band:
        return ""
    band = _thinned(line.band)
    around = [*((x, high) for x, _, high in band), *((x, low) for x, low, _ in reversed(band))]
    path = "M" + "L".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in around)
    return f'<path class="band c{line.colour}" d="{path}Z"/>'


def _curve(line: Line, scale: Scale) -> str:
    path = "M" + "L".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in _thinned(line.points))
    kind = f"{'faint' if line.faint else 'curve'} c{line.colour}"
    dots = "".join(
        f'<circle class="dot c{line.colour}" cx="{scale.x(x):.1f}" cy="{scale.y(y):.1f}" r="2.5"/>'
        for x, y in line.points
        if line.dots and len(line.points) <= 60
    )
    return f'<path class="{kind}" d="{path}"/>{dots}'


def _thinned(points: Sequence[T]) -> list[T]:
    """Return at most about MOST_POINTS of the points, the last among them."""
    every = max(1, -(-len(points) // MOST_POINTS))
    return [*points[:-1:every], points[-1]]


def _rising(points: Points, log: bool) -> Points:
    """Return the points that can be drawn: a logarithm needs positive numbers."""
    return [(x, y) for x, y in points if not log or y > TINY]


def round_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Return some round numbers that span low to high."""
    span = next((size for size in (high - low, abs(high)) if size > TINY), 1.0)
    power = 10 ** math.floor(math.log10(span / count))
    step = next(power * part for part in (1, 2, 2.5, 5, 10) if span / (power * part) <= count + 0.5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(place * step, 12) for place in range(first, max(last, first + 1) + 1)]


def decades(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = max(1, -(-(last - first) // 5))
    return [10.0**power for power in range(first, max(last, first + 1) + every, every)]
