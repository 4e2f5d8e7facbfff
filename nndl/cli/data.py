"""nndl data: a look at one's own pictures before they are learnt from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nndl.cli.command import Group, Verb
from nndl.cli.options import Json
from nndl.paths import expanded, to_write

if TYPE_CHECKING:
    from nndl.data.sources.inspecting import Inspection

data_app = typer.Typer(cls=Group, help="Look at a data set of your own.", no_args_is_help=True, rich_markup_mode=None)


@data_app.callback()
def group() -> None:
    """Look at a data set of your own."""


@data_app.command("inspect", short_help="Count, measure, and find what is damaged or there twice.", cls=Verb)
def inspect(
    root: Annotated[Path, typer.Argument(metavar="ROOT", parser=expanded, help="The folder or file: data.root.")],
    dataset: Annotated[str, typer.Option(metavar="NAME", help="What it is, as data.dataset says it.")] = "folder",
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", parser=to_write, help="Write a contact sheet too: a row for each class."),
    ] = None,
    json: Json = False,
) -> None:
    """Tell what a data set holds: counts by class, sizes, damaged pictures, those there twice, mean and deviation.

    Pictures are compared across training and test set, byte for byte and nearly (the signs of 64 differences of
    brightness). Exits with 1 if any picture is damaged, or a class cannot be learnt.
    """
    from nndl.cli.screen import data as screen
    from nndl.cli.screen import terminal
    from nndl.data.sources.findings import record
    from nndl.data.sources.inspecting import inspect_dataset, inspect_pictures
    from nndl.data.sources.registry import SOURCES
    from nndl.data.sources.wanted import Wanted
    from nndl.errors import UsageError

    if dataset not in SOURCES:
        raise UsageError(f"--dataset takes {', '.join(SOURCES)}, not {dataset!r}")
    wanted = Wanted(root, skip_damaged=True, valid_apart=True)
    source = SOURCES[dataset]
    found = inspect_pictures(source.gather, wanted) if source.gather else inspect_dataset(source.load, wanted)
    if sheet is not None:
        _write_sheet(sheet, found)
    told = record(found)
    if json:
        terminal.emit_json({"root": str(root), "dataset": dataset, **told, "sheet": sheet and str(sheet)})
    else:
        screen.show(told, root, sheet)
    if found.damaged or found.faults:
        raise typer.Exit(1)


@data_app.command("cache", short_help="List the caches of pictures, or remove them.", cls=Verb)
def cache(
    clean: Annotated[
        float | None, typer.Option(metavar="DAYS", min=0, help="Remove those not used for so many days; 0: all.")
    ] = None,
    json: Json = False,
) -> None:
    """List what pictures were made into, once for each folder and size; each is made again when it is wanted.

    One that another process is making or reading at this moment is left alone.
    """
    from time import time

    from nndl.cli.screen import terminal
    from nndl.cli.screen.counts import count_of
    from nndl.cli.screen.data import show_caches
    from nndl.data.sources.pruning import remove, there_are

    now, caches = time(), there_are()
    if clean is not None:
        caches = remove(each for each in caches if now - each.used >= 86400 * clean)
    if json:
        terminal.emit_json([{**each._asdict(), "path": str(each.path)} for each in caches])
    elif clean is not None:
        freed = sum(each.bytes for each in caches)
        terminal.say(f"removed {count_of(len(caches), 'cache')}, {freed / 1e6:,.1f} MB")
    else:
        show_caches(caches, now)


def _write_sheet(path: Path, found: "Inspection") -> None:
    from nndl.data.sources.sheet import contact_sheet
    from nndl.runs.atomic import write_atomically

    rows = [(name, found.shown.get(label, [])) for label, name in enumerate(found.classes)]
    write_atomically(path, contact_sheet(rows))
