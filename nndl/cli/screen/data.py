"""A data set as nndl data shows it: its classes, what is wrong with pictures, the caches made of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nndl.cli.screen import terminal
from nndl.cli.screen.runs import age
from nndl.data.sources.cache import CLEANING
from nndl.data.sources.cache import caches as place
from nndl.data.sources.findings import ACROSS
from nndl.data.sources.pruning import Cache

MOST_NAMED = 5
"""Pairs and damaged pictures that are named; --json names all."""
DOES = {"train": "trains", "valid": "validates", "test": "tests"}
"""The deed of a picture of each part."""


def show(found: dict[str, Any], root: Path, sheet: Path | None) -> None:
    """Print the classes as a table, then what is wrong with pictures, from what `record` returns."""
    rows = found["classes"]
    heads = list(rows[0])
    totals = [sum(row[head] for row in rows) for head in heads[1:]]
    cells = [tuple(row.values()) for row in rows]
    marks = {name for fault in found["faults"] for name in fault["classes"]}
    if marks:
        heads, totals = [*heads, ""], [*totals, ""]
        cells = [(*row, "fault" if row[0] in marks else "") for row in cells]
    terminal.print_table(heads, cells, title=str(root), footer=("total", *totals))
    terminal.say()
    for fault in found["faults"]:
        terminal.say(f"fault: {fault['words']}")
    for side in ("width", "height"):
        if spread := found[side]:
            terminal.say(f"{side:<10} {spread['least']:,} to {spread['most']:,} pixels, median {spread['median']:,}")
    terminal.say(f"{'kinds':<10} {', '.join(f'{kind} ({count:,})' for kind, count in found['kinds'].items())}")
    for figure in ("mean", "deviation"):
        values = ", ".join(f"{value:.1f}" for value in found[figure])
        terminal.say(f"{figure:<10} {values} of 255, by channel, in training")
    twice = found["duplicates"]
    for part, to in ACROSS:
        both = f"{DOES[part]} and {DOES[to]}"
        _say_pairs(f"the same picture {both}", twice[f"exact_across_{part}_and_{to}"])
        _say_pairs(f"nearly the same picture {both}", twice[f"near_across_{part}_and_{to}"])
    _say_pairs("the same picture is of two classes", twice["exact_of_two_classes"])
    terminal.say(f"there twice: {len(twice['exact']):,} exactly, {len(twice['near']):,} nearly, in all")
    for words in found["damaged"][:MOST_NAMED]:
        terminal.say(f"damaged: {words}")
    if len(found["damaged"]) > MOST_NAMED:
        terminal.say(f"damaged: and {len(found['damaged']) - MOST_NAMED:,} more, which --json names")
    if sheet is not None:
        terminal.say(f"contact sheet: {sheet}")


def _say_pairs(words: str, pairs: list[list[str]]) -> None:
    if pairs:
        terminal.say(f"{words}: {len(pairs):,}")
        for one, other in pairs[:MOST_NAMED]:
            terminal.say(f"  {one}\n  = {other}")


def show_caches(caches: Sequence[Cache], now: float) -> None:
    """Print the caches there are, and where."""
    rows = [(each.of, f"{each.images:,}", f"{each.bytes / 1e6:,.1f} MB", age(now - each.used)) for each in caches]
    total = f"{sum(each.bytes for each in caches) / 1e6:,.1f} MB"
    if rows:
        terminal.print_table(("made of", "images", "size", "not used for"), rows, footer=("total", "", total, ""))
        terminal.say()
    terminal.say(f"{'they are' if rows else 'there are none'} in {place()}{f'; {CLEANING}' if rows else ''}")
