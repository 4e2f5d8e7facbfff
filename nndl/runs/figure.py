"""Curves as a picture, by matplotlib."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nndl.errors import MissingExtraError, UsageError
from nndl.runs.atomic import write_atomically
from nndl.runs.curves import Curves, Points

FORMATS = (".png", ".svg", ".pdf")
COLOURS = ("#0b6e99", "#d9730d", "#6940a5", "#0f7b6c", "#ad1a72", "#64473a")
"""Of equal weight, told apart by the colour-blind too."""
INK, FAINT = "#37352f", "#b9b7b0"


def write_figure(curves: Sequence[Curves], path: Path) -> None:
    """Loss, accuracy and learning rate above each other, written to `path` (.png, .svg or .pdf).

    Raises UsageError for another ending, and MissingExtraError where there is no matplotlib.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path.name} should end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} to write into; make it first")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "a picture of curves") from None
    figure = Figure(figsize=(7.0, 7.2), layout="constrained")
    loss, accuracy, rate = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 1.4))
    for number, each in enumerate(curves):
        _draw_run(loss, accuracy, rate, each, COLOURS[number % len(COLOURS)], alone=len(curves) == 1)
    for axes, title in ((loss, "loss"), (accuracy, "accuracy, %"), (rate, "learning rate")):
        _dress(axes, title)
    rate.set_xlabel("epoch", color=INK)
    heights = [y for each in curves for _, y in (*each.validation_loss, *each.loss)]
    if heights:  # a spike in the first steps would press all the rest to the floor
        loss.set_ylim(top=1.05 * sorted(heights)[int(0.995 * (len(heights) - 1))])
    figure.draw_without_rendering()
    for axes in (loss, accuracy):
        _label_ends(axes)
    content = io.BytesIO()
    figure.savefig(content, format=path.suffix[1:].lower(), dpi=200)
    write_atomically(path, content.getvalue())


def _draw_run(loss: Any, accuracy: Any, rate: Any, curves: Curves, colour: str, *, alone: bool) -> None:
    """Training as a line, validation as a line with a dot at every epoch; labels at the lines' ends."""
    other = COLOURS[1] if alone else colour
    name = "" if alone else curves.name
    if alone:
        _line(loss, curves.loss, FAINT, "", linewidth=0.5)
    _line(loss, curves.smooth_loss, colour, "training" if alone else name)
    _line(loss, curves.validation_loss, other, "validation" if alone else "", marker="o")
    percent = [(x, 100 * y) for x, y in curves.train_accuracy]
    validation = [(x, 100 * y) for x, y in curves.validation_accuracy]
    if alone or not validation:
        _line(accuracy, percent, colour, "training sample" if alone else name)
    _line(accuracy, validation, other, "validation" if alone else name, marker="o")
    _line(rate, curves.learning_rate, colour, "")


def _line(axes: Any, points: Points, colour: str, label: str, **style: Any) -> None:
    if not points:
        return
    drawn = {"linewidth": 1.4, "markersize": 3.5} | style
    axes.plot([x for x, _ in points], [y for _, y in points], color=colour, **drawn)
    if label:
        axes.lines[-1].set_label(label)


def _label_ends(axes: Any) -> None:
    """Name each line at its right end, names moved apart where they would lie on each other."""
    pixels_per_point = axes.figure.dpi / 72
    labelled = [line for line in axes.lines if not line.get_label().startswith("_")]
    ends = [(axes.transData.transform(line.get_xydata()[-1])[1] / pixels_per_point, line) for line in labelled]
    lowest = -float("inf")
    for height, line in sorted(ends, key=lambda end: end[0]):
        at = max(height, lowest + 11)
        lowest = at
        place = {"xytext": (5, at - height), "textcoords": "offset points", "va": "center", "annotation_clip": False}
        axes.annotate(line.get_label(), line.get_xydata()[-1], color=line.get_color(), fontsize=9, **place)


def _dress(axes: Any, title: str) -> None:
    """A title at the left, two quiet axes, light lines across."""
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.grid(axis="y", color="#ecebe8", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=9, color=FAINT)
