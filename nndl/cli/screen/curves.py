"""Curves in the terminal: loss, accuracy and learning rate, a panel each."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from nndl.cli.screen import terminal
from nndl.cli.screen.braille import LETTERS, Canvas
from nndl.runs.curves import Band, Curves, Points, calm_top

STYLES = ("cyan", "yellow", "magenta", "green", "blue", "red")
LARGEST_WIDTH, PANEL_HEIGHT = 100, 8


class Drawn(NamedTuple):
    """A curve: its label, its points, and where it is a mean the band that it is the mean of."""

    label: str
    points: Points
    band: Band


class Panel(NamedTuple):
    """One diagram in the terminal."""

    title: str
    curves: list[Drawn]
    show: Callable[[float], str] = lambda value: f"{value:.3g}"


def panels(curves: Sequence[Curves]) -> list[Panel]:
    """Return panels of loss, accuracy and learning rate; several runs share each panel, by their names."""
    alone = len(curves) == 1
    loss, accuracy = [], []
    for each in curves:
        if alone:
            loss += [_drawn("training", each, "smooth_loss"), _drawn("validation", each, "validation_loss")]
            accuracy.append(_drawn("training sample", each, "train_accuracy"))
            accuracy.append(_drawn("validation", each, "validation_accuracy"))
        else:
            loss.append(_drawn(each.name, each, "smooth_loss"))
            which = "validation_accuracy" if each.validation_accuracy else "train_accuracy"
            accuracy.append(_drawn(each.name, each, which))
    which = "" if alone else " (validation, where there is any)"
    rate = [_drawn("" if alone else each.name, each, "learning_rate") for each in curves]
    top = calm_top(y for curve in loss for _, y in curve.points) or math.inf
    return [
        Panel("loss" if alone else "training loss", [_below(top, curve) for curve in loss]),
        Panel(f"accuracy{which}", accuracy, lambda value: f"{100 * value:.1f} %"),
        Panel("learning rate", rate),
    ]


def _style(who: int | None) -> str | None:
    """Return a curve's colour, and that of its band."""
    if who is None:
        return None
    return STYLES[who % len(STYLES)] if who >= 0 else f"{STYLES[(-1 - who) % len(STYLES)]} dim"


def _drawn(label: str, curves: Curves, attribute: str) -> Drawn:
    return Drawn(label, getattr(curves, attribute), curves.bands.get(attribute, []))


def _below(top: float, curve: Drawn) -> Drawn:
    """Return the curve without its spikes."""
    points = [(x, min(y, top)) for x, y in curve.points]
    return Drawn(curve.label, points, [(x, min(low, top), min(high, top)) for x, low, high in curve.band])


def draw(panel: Panel) -> None:
    """Print a panel: its title and what each colour or letter is, the curves, the epochs below."""
    known = [curve for curve in panel.curves if curve.points]
    if not known:
        terminal.say(f"{panel.title}: nothing recorded yet\n")
        return
    braille = terminal.can_print("⣿")
    lettered = len(known) > 1 and not terminal.has_colours()
    width = min(LARGEST_WIDTH, terminal.width()) - 10
    canvas = Canvas([curve.points for curve in known], width, PANEL_HEIGHT, bands=[curve.band for curve in known])
    heading: list[tuple[str, str | None]] = [(panel.title, "bold")]
    for number, (label, points, _) in enumerate(known):
        mark = f"{LETTERS[number % 26]} = " if lettered or not braille else ""
        words = f"   {mark}{label} {panel.show(points[-1][1])}".rstrip()
        heading.append((words, STYLES[number % len(STYLES)]))
    terminal.say_styled(heading)
    for number, row in enumerate(canvas.rows(braille, lettered)):
        tick = {0: panel.show(canvas.top), PANEL_HEIGHT - 1: panel.show(canvas.bottom)}.get(number, "")
        cells = [(char, _style(who)) for char, who in row]
        terminal.say_styled([(f"{tick:>8} ", None), *cells])
    last = f"epoch {canvas.right:.3g}"
    terminal.say(f"{'':9}0{last:>{width - 1}}\n")
