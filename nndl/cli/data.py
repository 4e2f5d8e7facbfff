"""nndl data: a look at one's own pictures before they are learnt from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nndl.cli.command import Group, Verb
from nndl.cli.options import Json
from nndl.paths import expanded, to_write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nndl.data.sources.inspecting import Inspection
    from nndl.data.sources.pruning import Cache

data_app = typer.Typer(cls=Group, help="Look at a data set of your own.", no_args_is_help=True, rich_markup_mode=None)

MOST_NAMED = 5
"""Pairs and damaged pictures that are named; --json names all."""
ACROSS = {
    ("train", "test"): "trains and tests",
    ("train", "valid"): "trains and validates",
    ("valid", "test"): "validates and tests",
}
"""Parts that should share no picture, and what one that they share does."""


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
    from nndl.cli.screen import terminal
    from nndl.data.sources.inspecting import inspect_dataset, inspect_folder
    from nndl.data.sources.registry import SOURCES
    from nndl.data.sources.wanted import Wanted
    from nndl.errors import UsageError

    if dataset not in SOURCES:
        raise UsageError(f"--dataset takes {', '.join(SOURCES)}, not {dataset!r}")
    wanted = Wanted(root, skip_damaged=True, valid_apart=True)
    folder = dataset == "folder"
    found = inspect_folder(wanted) if folder else inspect_dataset(SOURCES[dataset].load(wanted), wanted)
    if sheet is not None:
        _write_sheet(sheet, found)
    if json:
        terminal.emit_json({"root": str(root), "dataset": dataset, **_record(found), "sheet": sheet and str(sheet)})
    else:
        _show(found, root, sheet)
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
        _show_caches(caches, now)


def _show_caches(caches: "Sequence[Cache]", now: float) -> None:
    from nndl.cli.screen import terminal
    from nndl.cli.screen.runs import age
    from nndl.data.sources.cache import caches as place
    from nndl.data.sources.pruning import CLEANING

    rows = [(each.of, f"{each.images:,}", f"{each.bytes / 1e6:,.1f} MB", age(now - each.used)) for each in caches]
    total = f"{sum(each.bytes for each in caches) / 1e6:,.1f} MB"
    if rows:
        terminal.print_table(("made of", "images", "size", "not used for"), rows, footer=("total", "", total, ""))
        terminal.say()
    terminal.say(f"{'they are' if rows else 'there are none'} in {place()}{f'; {CLEANING}' if rows else ''}")


def _write_sheet(path: Path, found: "Inspection") -> None:
    from nndl.data.sources.sheet import contact_sheet
    from nndl.runs.atomic import write_atomically

    rows = [(name, found.shown.get(label, [])) for label, name in enumerate(found.classes)]
    write_atomically(path, contact_sheet(rows))


def _counts(found: "Inspection") -> list[dict[str, Any]]:
    """Count the pictures of each class in each part; valid is left out where there is no such part."""
    from collections import Counter

    there, damaged = Counter(zip(found.parts, found.labels, strict=True)), Counter(label for label, _ in found.damaged)
    parts = ["train", *(["valid"] if "valid" in found.parts else []), "test"]
    return [
        {"class": name, **{part: there[part, label] for part in parts}, "damaged": damaged[label]}
        for label, name in enumerate(found.classes)
    ]


def _record(found: "Inspection") -> dict[str, Any]:
    """Return all of it for a program."""

    def named(pairs: "Sequence[tuple[int, int]]") -> list[list[str]]:
        return [[found.names[one], found.names[other]] for one, other in pairs]

    widths, heights = ([size[side] for size in found.sizes] for side in (0, 1))
    return {
        "classes": _counts(found),
        "width": _spread(widths),
        "height": _spread(heights),
        "kinds": dict(found.kinds.most_common()),
        "damaged": [words for _, words in found.damaged],
        "faults": [{"classes": list(fault.classes), "words": fault.words} for fault in found.faults],
        "duplicates": {
            "exact": named(found.exact),
            **{f"exact_across_{part}_and_{to}": named(found.across(found.exact, part, to)) for part, to in ACROSS},
            "exact_of_two_classes": named(found.of_two_classes(found.exact)),
            "near": named(found.near),
            **{f"near_across_{part}_and_{to}": named(found.across(found.near, part, to)) for part, to in ACROSS},
        },
        "mean": found.mean,
        "deviation": found.deviation,
    }


def _spread(values: list[int]) -> dict[str, int] | None:
    from statistics import median_low

    return {"least": min(values), "median": median_low(values), "most": max(values)} if values else None


def _show(found: "Inspection", root: Path, sheet: Path | None) -> None:
    from nndl.cli.screen import terminal

    record, rows = _record(found), _counts(found)
    heads = list(rows[0])
    totals = [sum(row[head] for row in rows) for head in heads[1:]]
    cells, marks = [tuple(row.values()) for row in rows], {name for fault in found.faults for name in fault.classes}
    if marks:
        heads, totals = [*heads, ""], [*totals, ""]
        cells = [(*row, "fault" if row[0] in marks else "") for row in cells]
    terminal.print_table(heads, cells, title=str(root), footer=("total", *totals))
    terminal.say()
    for fault in found.faults:
        terminal.say(f"fault: {fault.words}")
    for side in ("width", "height"):
        if spread := record[side]:
            terminal.say(f"{side:<10} {spread['least']:,} to {spread['most']:,} pixels, median {spread['median']:,}")
    terminal.say(f"{'kinds':<10} {', '.join(f'{kind} ({count:,})' for kind, count in record['kinds'].items())}")
    for figure in ("mean", "deviation"):
        values = ", ".join(f"{value:.1f}" for value in record[figure])
        terminal.say(f"{figure:<10} {values} of 255, by channel, in training")
    twice = record["duplicates"]
    for (part, to), both in ACROSS.items():
        _say_pairs(f"the same picture {both}", twice[f"exact_across_{part}_and_{to}"])
        _say_pairs(f"nearly the same picture {both}", twice[f"near_across_{part}_and_{to}"])
    _say_pairs("the same picture is of two classes", twice["exact_of_two_classes"])
    terminal.say(f"there twice: {len(twice['exact']):,} exactly, {len(twice['near']):,} nearly, in all")
    for words in record["damaged"][:MOST_NAMED]:
        terminal.say(f"damaged: {words}")
    if len(record["damaged"]) > MOST_NAMED:
        terminal.say(f"damaged: and {len(record['damaged']) - MOST_NAMED:,} more, which --json names")
    if sheet is not None:
        terminal.say(f"contact sheet: {sheet}")


def _say_pairs(words: str, pairs: list[list[str]]) -> None:
    from nndl.cli.screen import terminal

    if pairs:
        terminal.say(f"{words}: {len(pairs):,}")
        for one, other in pairs[:MOST_NAMED]:
            terminal.say(f"  {one}\n  = {other}")
