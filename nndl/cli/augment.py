"""nndl augment: what a network will see of its training images."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nndl.cli.options import Config, Data, Force, Json, Seed, Set, Synthetic, to_file

if TYPE_CHECKING:
    from nndl.report.augmented import Seen

Images = Annotated[int, typer.Option(metavar="N", min=1, max=100, help="Rows: training images, of each class in turn.")]
Epochs = Annotated[int, typer.Option(metavar="N", min=1, max=50, help="Columns: the epochs that show them.")]
Output = Annotated[Path | None, to_file("The sheet, a PNG.  [default: augmented.png]")]


def augment(
    config: Config,
    *,
    output: Output = None,
    images: Images = 10,
    epochs: Epochs = 8,
    override: Set = None,
    seed: Seed = None,
    data: Data = None,
    synthetic: Synthetic = False,
    force: Force = False,
    json: Json = False,
) -> None:
    """Draw what a network will see: training images as each epoch of this config shows them, on one sheet.

    Beneath each stands its label; where two images are mixed, the share of both. What is shown is what training is
    given, pixel for pixel, before it is normalised; `train.resolution` is left out. Needs pillow (nndl[images]).
    """
    from nndl.cli.screen import terminal
    from nndl.config import load_config
    from nndl.config.reading.overrides import SYNTHETIC, settings
    from nndl.errors import UsageError
    from nndl.report.augmented import seen, sheet
    from nndl.runs.atomic import write_atomically

    output = output or Path("augmented.png")
    if output.suffix.lower() != ".png":
        raise UsageError(f"--output {output}: the sheet is a PNG, so name a file that ends in .png")
    if not output.parent.is_dir():
        raise UsageError(f"--output {output}: name a file in a folder that is there")
    if output.is_dir() or (output.exists() and not force):
        raise UsageError(f"{output} is there already; name another --output, or give --force")
    sets = [*(SYNTHETIC if synthetic else ()), *settings(seed=seed, data=data), *(override or [])]
    experiment = load_config(config, sets, look=True)
    rows = seen(experiment, images, epochs)
    write_atomically(output, sheet(rows))
    changes = [*(each.kind for each in experiment.data.augment), *(each.kind for each in experiment.data.mix)]
    if json:
        terminal.emit_json({"file": str(output), "changes": changes, "images": [_record(row) for row in rows]})
        return
    what = ", ".join(changes) or "nothing: data.augment and data.mix are empty"
    count = "1 training image" if len(rows) == 1 else f"{len(rows)} training images"
    terminal.say(f"{output}: {count} as they are, and in epochs 1 to {epochs}; changed by {what}")


def _record(row: "Seen") -> dict[str, Any]:
    shown = [{"epoch": epoch, "shares": shares} for epoch, shares in enumerate(row.shares[1:], 1)]
    return {"index": row.index, "label": next(iter(row.shares[0])), "shown": shown}
