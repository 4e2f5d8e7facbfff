"""nndl plot: a run's curves, in the terminal or as a picture."""

from pathlib import Path
from typing import Annotated

import typer

from nndl.cli.options import Force, LatestRuns, to_file
from nndl.visible import visible


def plot(
    runs: LatestRuns,
    output: Annotated[Path | None, to_file("Picture to write: .png, .svg or .pdf (needs matplotlib).")] = None,
    force: Force = False,
    here: Annotated[bool, typer.Option("--terminal", help="Draw here too, beside the picture.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the curves' points as JSON instead.")] = False,
) -> None:
    """Draw loss, accuracy and learning rate of one run or several, here or (-o FILE) as a picture.

    Of a folder of several seeds the means are drawn, in a band from the lowest to the highest.
    """
    from nndl.cli.screen import terminal
    from nndl.cli.screen.curves import draw, panels
    from nndl.cli.screen.runs import note_faults
    from nndl.errors import UsageError
    from nndl.runs.curves import heading
    from nndl.runs.sets import bundles, read_bundles

    found = bundles(runs)
    note_faults([row for bundle in found for row in bundle.rows])
    curves = read_bundles(found)
    if output is not None:
        from nndl.runs.figure import write_figure

        if output.is_dir() or (output.exists() and not force):
            raise UsageError(f"{output} is there already; name another --output, or give --force")
        write_figure(curves, output)
    if json:
        terminal.emit_json([vars(each) for each in curves])
        return
    for bundle in found:
        if bundle.left_out:
            terminal.note(bundle.left_out)
    if output is not None:
        terminal.say(str(output))
    if output is None or here:
        if heading(curves):
            terminal.say_words(f"{visible(heading(curves))}\n")
        for panel in panels(curves):
            draw(panel)
