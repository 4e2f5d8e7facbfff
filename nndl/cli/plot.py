"""nndl plot: a run's curves, in the terminal or as a picture."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from nndl.cli.complete import SOME_RUNS

if TYPE_CHECKING:
    from nndl.runs.curves import Curves, Points

STYLES = ("cyan", "yellow", "magenta", "green", "blue", "red")
LARGEST_WIDTH, PANEL_HEIGHT = 100, 8


class Panel(NamedTuple):
    """One diagram in the terminal: a title, and a label and points for each curve."""

    title: str
    curves: "list[tuple[str, Points]]"
    show: Callable[[float], str] = lambda value: f"{value:.3g}"


def plot(
    runs: Annotated[list[str], SOME_RUNS],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Picture to write: .png, .svg or .pdf (needs matplotlib).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    terminal: Annotated[bool, typer.Option("--terminal", help="Draw here too, beside the picture.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the curves' points as JSON instead.")] = False,
) -> None:
    """Draw loss, accuracy and learning rate of one run or several, here or (-o FILE) as a picture."""
    from nndl.cli import ui
    from nndl.errors import UsageError
    from nndl.runs.curves import names, read_curves
    from nndl.runs.folder import find_run

    found = list({folder.path.resolve(): folder for folder in map(find_run, runs)}.values())
    curves = [read_curves(folder, name) for folder, name in zip(found, names(found), strict=True)]
    if output is not None:
        from nndl.runs.figure import write_figure

        if output.is_dir() or (output.exists() and not force):
            raise UsageError(f"{output} is there already; name another --output, or give --force")
        write_figure(curves, output)
    if json:
        ui.emit_json([vars(each) for each in curves])
        return
    if output is not None:
        ui.say(str(output))
    if output is None or terminal:
        for panel in panels(curves):
            draw(panel)


def panels(curves: "Sequence[Curves]") -> list[Panel]:
    """Loss, accuracy and learning rate; several runs share each panel, by their names."""
    from nndl.runs.curves import calm_top

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
    from nndl.cli import ui
    from nndl.cli.braille import LETTERS, Canvas

    known = [(label, points) for label, points in panel.curves if points]
    if not known:
        ui.say(f"{panel.title}: nothing recorded yet\n")
        return
    braille = ui.can_print("⣿")
    lettered = len(known) > 1 and not ui.has_colours()
    width = min(LARGEST_WIDTH, ui.width()) - 10
    canvas = Canvas([points for _, points in known], width, PANEL_HEIGHT)
    heading: list[tuple[str, str | None]] = [(panel.title, "bold")]
    for number, (label, points) in enumerate(known):
        mark = f"{LETTERS[number % 26]} = " if lettered or not braille else ""
        words = f"   {mark}{label} {panel.show(points[-1][1])}".rstrip()
        heading.append((words, STYLES[number % len(STYLES)]))
    ui.say_styled(heading)
    for number, row in enumerate(canvas.rows(braille, lettered)):
        tick = {0: panel.show(canvas.top), PANEL_HEIGHT - 1: panel.show(canvas.bottom)}.get(number, "")
        cells = [(char, None if who is None else STYLES[who % len(STYLES)]) for char, who in row]
        ui.say_styled([(f"{tick:>8} ", None), *cells])
    last = f"epoch {canvas.right:.3g}"
    ui.say(f"{'':9}0{last:>{width - 1}}\n")
