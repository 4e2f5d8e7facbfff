"""Curves in the terminal: loss, accuracy and learning rate, a panel each."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from nndl.cli.screen import terminal
from nndl.cli.screen.braille import LETTERS, Canvas
from nndl.runs.curves import Curves, Points, calm_top

STYLES = ("cyan", "yellow", "magenta", "green", "blue", "red")
LARGEST_WIDTH, PANEL_HEIGHT = 100, 8


class Panel(NamedTuple):
    """One diagram in the terminal: a title, and a label and points for each curve."""

    title: str
    curves: list[tuple[str, Points]]
    show: Callable[[float], str] = lambda value: f"{value:.3g}"


def panels(curves: Sequence[Curves]) -> list[Panel]:
    """Loss, accuracy and learning rate; several runs share each panel, by their names."""
    alone = len(curves) == 1
    loss, accuracy = [], []
    for each in curves:
        if alone:
            loss += [("training", each.smooth_loss), ("validation", each.validation_loss)]
            accuracy += [("training sample", each.train_accuracy), ("validation", each.validation_accuracy)]
        else:
            loss.append((each.name, each.smooth_loss))
            accuracy.append((each.name, each.validation_accuracy or each.train_accuracy))
    which = "" if alone else " (validation, where there is any)"
    rate = [("" if alone else each.name, each.learning_rate) for each in curves]
    top = calm_top(y for _, points in loss for _, y in points) or math.inf
    calm = [(label, [(x, min(y, top)) for x, y in points]) for label, points in loss]
    return [
        Panel("loss" if alone else "training loss", calm),
        Panel(f"accuracy{which}", accuracy, lambda value: f"{100 * value:.1f} %"),
        Panel("learning rate", rate),
    ]


def draw(panel: Panel) -> None:
    """Print a panel: its title and what each colour or letter is, the curves, the epochs below."""
    known = [(label, points) for label, points in panel.curves if points]
    if not known:
        terminal.say(f"{panel.title}: nothing recorded yet\n")
        return
    braille = terminal.can_print("⣿")
    lettered = len(known) > 1 and not terminal.has_colours()
    width = min(LARGEST_WIDTH, terminal.width()) - 10
    canvas = Canvas([points for _, points in known], width, PANEL_HEIGHT)
    heading: list[tuple[str, str | None]] = [(panel.title, "bold")]
    for number, (label, points) in enumerate(known):
        mark = f"{LETTERS[number % 26]} = " if lettered or not braille else ""
        words = f"   {mark}{label} {panel.show(points[-1][1])}".rstrip()
        heading.append((words, STYLES[number % len(STYLES)]))
    terminal.say_styled(heading)
    for number, row in enumerate(canvas.rows(braille, lettered)):
        tick = {0: panel.show(canvas.top), PANEL_HEIGHT - 1: panel.show(canvas.bottom)}.get(number, "")
        cells = [(char, None if who is None else STYLES[who % len(STYLES)]) for char, who in row]
        terminal.say_styled([(f"{tick:>8} ", None), *cells])
    last = f"epoch {canvas.right:.3g}"
    terminal.say(f"{'':9}0{last:>{width - 1}}\n")
