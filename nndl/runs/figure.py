"""Curves as a picture, by matplotlib."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nndl.errors import MissingExtraError, UsageError
from nndl.runs.atomic import write_atomically
from nndl.runs.curves import Band, Curves, Points, calm_top, heading

FORMATS = (".png", ".svg", ".pdf")
COLOURS = ("#0b6e99", "#d9730d", "#6940a5", "#0f7b6c", "#ad1a72", "#64473a")
"""Of equal weight, told apart by the colour-blind too."""
INK, FAINT = "#37352f", "#b9b7b0"


def write_figure(curves: Sequence[Curves], path: Path) -> None:
    """Write loss, accuracy and learning rate, above each other, to `path` (.png, .svg or .pdf).

    Raises UsageError for another ending, and MissingExtraError where there is no matplotlib.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path.name} should end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} to write into; make it first")
    write_atomically(path, figure(curves, path.suffix[1:].lower()))


def figure(curves: Sequence[Curves], kind: str) -> bytes:
    """Draw loss, accuracy and learning rate, above each other, as a file of a kind: png, svg or pdf.

    Raises MissingExtraError where there is no matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "a picture of curves") from None
    drawn = Figure(figsize=(7.0, 7.2), layout="constrained")
    loss, accuracy, rate = drawn.subplots(3, 1, sharex=True, height_ratios=(3, 3, 1.4))
    for number, each in enumerate(curves):
        _draw_run(loss, accuracy, rate, each, COLOURS[number % len(COLOURS)], alone=len(curves) == 1)
    if curves and heading(curves):
        drawn.suptitle(heading(curves), x=0.01, ha="left", fontsize=9, color=INK, parse_math=False)
    which = "" if len(curves) == 1 else " (thin: in training; with dots: validation)"
    for axes, title in ((loss, f"loss{which}"), (accuracy, "accuracy, %"), (rate, "learning rate")):
        _dress(axes, title)
    rate.set_xlabel("epoch", color=INK)
    loss.set_ylim(top=calm_top(y for each in curves for _, y in (*each.validation_loss, *each.loss)))
    _scale_rates(rate, [max(y for _, y in each.learning_rate) for each in curves if each.learning_rate])
    drawn.draw_without_rendering()
    for axes in (loss, accuracy):
        _label_ends(axes)
    content = io.BytesIO()
    drawn.savefig(content, format=kind, dpi=200)
    return content.getvalue()


def _draw_run(loss: Any, accuracy: Any, rate: Any, curves: Curves, colour: str, *, alone: bool) -> None:
    """Draw training as a line, validation as a line with a dot at every epoch; labels at the lines' ends."""
    other = COLOURS[1] if alone else colour
    name = "" if alone else curves.name
    bands = curves.bands
    if alone and not bands:
        _line(loss, curves.loss, FAINT, "", linewidth=0.5)
    thin = {} if alone or not curves.validation_loss else {"linewidth": 0.8, "alpha": 0.6}
    if not thin:
        _band(loss, bands.get("smooth_loss", []), colour)
    _line(loss, curves.smooth_loss, colour, "training" if alone else "" if thin else name, **thin)
    _band(loss, bands.get("validation_loss", []), other)
    _line(loss, curves.validation_loss, other, "validation" if alone else name, marker="o")
    percent = [(x, 100 * y) for x, y in curves.train_accuracy]
    validation = [(x, 100 * y) for x, y in curves.validation_accuracy]
    if alone or not validation:
        _band(accuracy, bands.get("train_accuracy", []), colour, 100)
        _line(accuracy, percent, colour, "training sample" if alone else name)
    _band(accuracy, bands.get("validation_accuracy", []), other, 100)
    _line(accuracy, validation, other, "validation" if alone else name, marker="o")
    _line(rate, curves.learning_rate, colour, "")


def _line(axes: Any, points: Points, colour: str, label: str, **style: Any) -> None:
    if not points:
        return
    drawn = {"linewidth": 1.4, "markersize": 3.5} | style
    axes.plot([x for x, _ in points], [y for _, y in points], color=colour, **drawn)
    axes.lines[-1].set_gid(label)


def _band(axes: Any, band: Band, colour: str, times: float = 1) -> None:
    """Fill from the lowest to the highest."""
    if band:
        low, high = [times * low for _, low, _ in band], [times * high for _, _, high in band]
        axes.fill_between([at for at, _, _ in band], low, high, color=colour, alpha=0.18, linewidth=0)


def _scale_rates(axes: Any, peaks: Sequence[float]) -> None:
    """Put rates of different sizes on a logarithmic axis, from a hundredth of the lowest peak."""
    if peaks and 0 < 10 * min(peaks) < max(peaks):
        axes.set_yscale("log")
        axes.set_ylim(bottom=min(peaks) / 100)


def _label_ends(axes: Any) -> None:
    """Name each line at its right end; names of lines that end together are moved apart."""
    points_per_pixel = 72 / axes.figure.dpi
    together: dict[float, list[tuple[float, Any]]] = {}
    for line in axes.lines:
        if line.get_gid():
            x, y = line.get_xydata()[-1]
            height = axes.transData.transform((x, y))[1] * points_per_pixel
            together.setdefault(round(float(x), 2), []).append((float(height), line))
    for ends in together.values():
        ends.sort(key=lambda end: end[0])
        for (height, line), at in zip(ends, spread_out([height for height, _ in ends]), strict=True):
            place = {"xytext": (5, at - height), "textcoords": "offset points", "va": "center", "parse_math": False}
            end = line.get_xydata()[-1]
            axes.annotate(line.get_gid(), end, color=line.get_color(), fontsize=9, annotation_clip=False, **place)


def spread_out(heights: Sequence[float], apart: float = 11.0) -> list[float]:
    """Move ascending heights as little as may be until all are `apart`: clusters are spread about their middles."""
    clusters: list[list[float]] = []
    for height in heights:
        cluster = [height]
        while clusters and _lowest(cluster, apart) - _highest(clusters[-1], apart) < apart:
            cluster = clusters.pop() + cluster
        clusters.append(cluster)
    return [_lowest(cluster, apart) + apart * number for cluster in clusters for number in range(len(cluster))]


def _lowest(cluster: Sequence[float], apart: float) -> float:
    return sum(cluster) / len(cluster) - apart * (len(cluster) - 1) / 2


def _highest(cluster: Sequence[float], apart: float) -> float:
    return sum(cluster) / len(cluster) + apart * (len(cluster) - 1) / 2


def _dress(axes: Any, title: str) -> None:
    """Give axes a title at the left, two quiet lines, and light ones across."""
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.grid(axis="y", color="#ecebe8", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=9, color=FAINT)
