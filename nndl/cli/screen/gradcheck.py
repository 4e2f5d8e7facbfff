"""The findings of nndl gradcheck: a row for each gradient, figures beside the courses', what is wrong."""

from collections.abc import Sequence
from typing import Any

from nndl.cli.screen import terminal

COLUMNS = ("layer", "gradient", "shape", "checked", "kinks", "max relative error", "verdict")


def show(found: dict[str, Any], tolerance: float) -> None:
    """Print a row for each gradient, what is wrong where, and the verdict."""
    rows = found["rows"]
    layers = [row["layer"] for row in rows]
    cells = [
        (
            "" if layer == before else layer,
            row["gradient"],
            " x ".join(map(str, row["shape"])),
            row["checked"],
            row["kinks"],
            f"{row['max_relative_error']:.1e}",
            row["verdict"],
        )
        for layer, before, row in zip(layers, [None, *layers], rows, strict=False)
    ]
    styles = [None if row["verdict"] == "ok" else "red" for row in rows]
    terminal.print_table(COLUMNS, cells, left=("gradient", "shape", "verdict"), styles=styles)
    if found["figures"]:
        _show_figures(found["figures"])
    terminal.say()
    for row in rows:
        if row["fault"]:
            terminal.say(f"{row['layer']} {row['gradient']} is wrong {row['fault']}")
    for line in found["broken"]:
        terminal.say(f"contract broken: {line}")
    terminal.say(_verdict(found, tolerance))


def _show_figures(figures: list[dict[str, Any]]) -> None:
    def numbers(values: Sequence[float], form: str) -> str:
        return "  ".join(format(value, form) for value in values)

    rows = [
        (
            numbers(figure["gamma"], "g"),
            numbers(figure["beta"], "g"),
            numbers(figure["means"], ".2g"),
            numbers(figure["deviations"], ".9g"),
            numbers(figure["published_deviations"], ".9g"),
        )
        for figure in figures
    ]
    columns = ("gamma", "beta", "means of out", "standard deviations", "published by the courses")
    terminal.say()
    terminal.print_table(columns, rows, title="Per channel, for x = 4 * randn(2, 3, 4, 5) + 10", left=columns)


def _verdict(found: dict[str, Any], tolerance: float) -> str:
    """Say in one line how much was checked, and whether it holds."""
    rows = found["rows"]
    checked = sum(row["checked"] for row in rows)
    kinks = sum(row["kinks"] for row in rows)
    failed = sum(row["verdict"] != "ok" for row in rows) + len(found["broken"])
    verdict = f"{failed} FAILED" if failed else f"all right, to a relative error of {tolerance:g}"
    contract = f"; {found['contract_checks']} contract checks" if found["contract_checks"] else ""
    skipped = f", {kinks} at kinks left out" if kinks else ""
    return f"{len(rows)} gradients, {checked:,} coordinates{skipped}{contract}, engine {found['engine']}: {verdict}"
