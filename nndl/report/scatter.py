"""Trials as points, as lines across parallel axes, and how much each key accounts for, as SVG and HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nndl.report.axes import Axis
from nndl.report.escape import escape
from nndl.report.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, figure

AXIS_GAP, PARALLEL_HEIGHT, PARALLEL_TOP, PARALLEL_SIDE = 150, 300, 44, 80


@dataclass(frozen=True)
class Point:
    """A trial in a chart."""

    x: float
    y: float
    kind: str
    """complete, pruned, or best."""
    words: str
    """Said of it where a pointer rests on it."""


Steps = Sequence[tuple[float, float]]


def scatter(title: str, x: Axis, y: Axis, points: Sequence[Point], line: Steps = (), legend: str = "") -> str:
    """Return a chart of points, the best on top; `line` joins places by steps. Empty where there are no points."""
    if not points:
        return ""
    order = sorted(points, key=lambda point: ("pruned", "complete", "best").index(point.kind))
    drawn = "".join(
        f'<circle class="trial {each.kind}" cx="{_x(x, each.x):.1f}" cy="{_y(y, each.y):.1f}" r="3.6">'
        f"<title>{escape(each.words)}</title></circle>"
        for each in order
    )
    best = [each for each in points if each.kind == "best"]
    described = f"{len(points)} trials; " + "; ".join(each.words for each in best)
    return figure(title, legend, described, _across(y) + _below(x) + _steps(x, y, line) + drawn)


def _x(axis: Axis, value: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * axis.share(value)


def _y(axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * axis.share(value)


def _across(axis: Axis) -> str:
    """Return a line and its words for each tick of the vertical axis."""
    places = [(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share, words) for share, words in axis.ticks]
    return "".join(
        f'<line class=grid x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
        f'<text class=tick x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{escape(words)}</text>'
        for at, words in places
    )


def _below(axis: Axis) -> str:
    """Return the words of the horizontal axis: as many as have room, the outermost within the drawing."""
    ticks = axis.ticks
    widest = max((len(words) for _, words in ticks), default=1)
    every = max(1, -(-len(ticks) * (widest + 2) * 6 // (WIDTH - LEFT - RIGHT)))
    parts = []
    for share, words in ticks[::every]:
        at = LEFT + (WIDTH - LEFT - RIGHT) * share
        anchor = "start" if share < 0.03 else "end" if share > 0.97 else "middle"
        parts.append(f'<text class=tick x="{at:.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{escape(words)}</text>')
    return "".join(parts)


def _steps(x: Axis, y: Axis, line: Steps) -> str:
    if len(line) < 2:
        return ""
    path = f"M{_x(x, line[0][0]):.1f},{_y(y, line[0][1]):.1f}"
    path += "".join(f"H{_x(x, at):.1f}V{_y(y, value):.1f}" for at, value in line[1:])
    return f'<path class="curve c2" d="{path}"/>'


def parallel(axes: Sequence[Axis], lines: Sequence[tuple[Sequence[float], float, str]]) -> str:
    """Return a line across all axes for each trial: its values, how good it is from 0 to 1, and its words.

    The better a trial, the stronger its colour; the best lies on top.
    """
    width = 2 * PARALLEL_SIDE + AXIS_GAP * (len(axes) - 1)
    parts = []
    for values, good, words in sorted(lines, key=lambda line: line[1]):
        places = [
            f"{PARALLEL_SIDE + AXIS_GAP * number},{_high(axis.share(value)):.1f}"
            for number, (axis, value) in enumerate(zip(axes, values, strict=True))
        ]
        parts.append(
            f'<path class=across style="--v:{100 * good:.0f}" d="M{"L".join(places)}">'
            f"<title>{escape(words)}</title></path>"
        )
    parts += [_upright(axis, PARALLEL_SIDE + AXIS_GAP * number) for number, axis in enumerate(axes)]
    drawing = "".join(parts)
    described = f"{len(lines)} trials across {', '.join(axis.label for axis in axes)}"
    return (
        f'<div class=wide tabindex=0 role=region aria-label="Parallel coordinates"><figure style="min-width:{width}px">'
        f'<svg viewBox="0 0 {width} {PARALLEL_HEIGHT}" role="img"><title>Parallel coordinates</title>'
        f"<desc>{escape(described)}</desc>{drawing}</svg></figure></div>"
    )


def _high(share: float) -> float:
    return PARALLEL_HEIGHT - 14 - (PARALLEL_HEIGHT - 14 - PARALLEL_TOP) * share


def _upright(axis: Axis, at: float) -> str:
    """Return an axis with its name above it and its ticks beside it."""
    ticks = "".join(
        f'<text class="tick halo" x="{at + 6}" y="{_high(share) + 4:.1f}">{escape(words)}</text>'
        for share, words in axis.ticks
    )
    return (
        f'<line class=axis x1="{at}" x2="{at}" y1="{_high(0):.1f}" y2="{_high(1):.1f}"/>{ticks}'
        f'<text class=label x="{at}" y="20" text-anchor="middle">{escape(axis.label)}</text>'
    )


def shares(found: Mapping[str, float]) -> str:
    """Return a bar for each key: how much of the spread it accounts for."""
    rows = "".join(
        f"<tr><th scope=row>{escape(key)}</th><td>{100 * share:.0f} %</td>"
        f'<td class=bars><span style="width:{100 * share:.1f}%"></span></td></tr>'
        for key, share in found.items()
    )
    return f"<table class=shares><tbody>{rows}</tbody></table>"
