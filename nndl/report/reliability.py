"""The reliability diagram: accuracy by confidence, and how often each confidence occurs."""

from collections.abc import Sequence

from nndl.report.svg import BOTTOM, HEIGHT, LEFT, TOP, Line, Scale, figure, percent_tick
from nndl.train.calibration import wilson_interval

STRIP = 34
"""Height of the histogram under the diagram."""


def reliability_diagram(bins: Sequence[Sequence[float]]) -> str:
    """Draw `nndl.train.calibration.reliability`: a bin is (images, summed confidence, right ones).

    Guo et al. 2017, figure 1; the whiskers are Wilson's 95 % intervals, since a bin of few images tells little.
    """
    scale = Scale([Line("", [(0.0, 0.0), (1.0, 1.0)])])
    most = max((images for images, _, _ in bins), default=0) or 1
    floor = HEIGHT + STRIP + 8
    drawn, words = [scale.grid(percent_tick)], []
    for place, (images, confidence, right) in enumerate(bins):
        if not images:
            continue
        x0, x1 = scale.x(place / len(bins)) + 1, scale.x((place + 1) / len(bins)) - 1
        drawn.append(_bar(x0, x1, scale.y(right / images), scale.y(0), "bar"))
        drawn.append(_bar(x0, x1, floor - STRIP * images / most, floor, "count"))
        low, high = wilson_interval(int(right), int(images))
        middle = (x0 + x1) / 2
        drawn.append(f'<path class=whisker d="M{middle:.1f},{scale.y(low):.1f}V{scale.y(high):.1f}"/>')
        words.append(f"{percent_tick(confidence / images)} sure, {percent_tick(right / images)} right of {images:,.0f}")
    drawn += [_ideal(scale), _texts(scale, floor)]
    legend = '<span class="key c1">right</span><span class="key c2">as it should be</span>'
    return figure("Reliability diagram", legend, "; ".join(words), "".join(drawn), floor + 18)


def _bar(x0: float, x1: float, top: float, bottom: float, kind: str) -> str:
    return (
        f'<rect class={kind} x="{x0:.1f}" y="{top:.1f}" width="{x1 - x0:.1f}" height="{max(bottom - top, 0.6):.1f}"/>'
    )


def _ideal(scale: Scale) -> str:
    return f'<path class="curve c2" d="M{scale.x(0)},{HEIGHT - BOTTOM}L{scale.x(1)},{TOP}"/>'


def _texts(scale: Scale, floor: float) -> str:
    """Return the labels of the axis of confidence, under the histogram, which shares it."""
    below = "".join(
        f'<text class=tick x="{scale.x(at):.1f}" y="{floor + 15}" text-anchor="{anchor}">{text}</text>'
        for at, anchor, text in ((0, "start", "0 %"), (0.5, "middle", "50 %"), (1, "end", "how sure 100 %"))
    )
    return f'{below}<text class=tick x="{LEFT - 6}" y="{floor - STRIP / 2 + 4:.1f}" text-anchor="end">images</text>'
