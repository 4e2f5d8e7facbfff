"""nndl predict: what is on these pictures?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nndl.cli.complete import complete_run
from nndl.cli.options import TTA, Best, Json, OtherEngine, Step
from nndl.paths import expanded, word
from nndl.visible import visible

if TYPE_CHECKING:
    from nndl.jobs.trained import Run as Trained

MOST_NAMED = 5
"""Files that a note names."""


def predict(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="A run's folder, its name, or latest, as without it.", autocompletion=complete_run
        ),
    ],
    images: Annotated[
        list[Path] | None,
        typer.Argument(metavar="IMAGE", parser=expanded, help="Picture files, folders of them, or - for stdin."),
    ] = None,
    top: Annotated[int, typer.Option(metavar="N", min=1, help="Classes named for each picture.")] = 3,
    tta: Annotated[str, TTA] = "none",
    best: Best = True,
    step: Step = None,
    engine: OtherEngine = None,
    json: Json = False,
) -> None:
    """Name the likeliest classes of pictures, with their probabilities.

    A picture of any size is turned upright, cropped to its centre and shrunk to the size that the run learnt from.
    Exits with 2 if any file is no picture; the others are still predicted. Needs pillow: pip install 'nndl[images]'.
    """
    import sys

    from nndl.cli.screen import terminal
    from nndl.cli.screen.loading import load
    from nndl.data.pictures import read_all, stack
    from nndl.train.views import as_tta

    chosen = as_tta(tta)
    run, pictures = _run_and_images(run, images or [])
    loaded = load(run, best=best, engine=engine, step=step)
    read = read_all(pictures, loaded.shape, loaded.experiment.data.resize, sys.stdin.buffer)
    shares = loaded.probabilities(stack(read.pictures.values(), loaded.shape), chosen)
    rows = [_row(name, row, loaded, top) for name, row in zip(read.pictures, shares.tolist(), strict=True)]
    if json:
        about = {"run": str(loaded.folder.path), "data": loaded.inputs.data, "synthetic": loaded.inputs.synthetic}
        left = {"refused": read.refused, "passed_over": [str(path) for path in read.passed_over]}
        terminal.emit_json({**about, "tta": tta, "predictions": rows, **left})
    elif rows:
        _show(rows, loaded)
    if read.passed_over:
        terminal.note(f"note: passed over, by their names no pictures: {_listed(read.passed_over)}")
    for one in read.refused:
        terminal.note(f"error: {one['error']}")
    if read.refused:
        raise typer.Exit(2)


def _run_and_images(first: str, images: list[Path]) -> tuple[str, list[Path]]:
    """Return the run, latest where the first word is already a picture or a folder that is no run's, and the images."""
    from nndl.data.pictures import suffixes
    from nndl.errors import UsageError
    from nndl.runs.files import is_there
    from nndl.runs.folder import members

    path = expanded(first)
    is_run = is_there(path / "config.yaml") or bool(members(path))
    is_picture = path.is_file() or path.suffix.lower() in suffixes()  # be it there or not
    if first == "-" or is_picture or (path.is_dir() and not is_run):
        return "latest", [path, *images]
    if not images:
        raise UsageError(f"which pictures? nndl predict {word(first)} IMAGE...; there is no picture {visible(first)}")
    return first, images


def _listed(paths: list[Path]) -> str:
    more = f" and {len(paths) - MOST_NAMED:,} more" if len(paths) > MOST_NAMED else ""
    return ", ".join(str(path) for path in paths[:MOST_NAMED]) + more


def _row(name: str, shares: list[float], run: "Trained", top: int) -> dict[str, Any]:
    ranked = sorted(zip(run.classes, shares, strict=True), key=lambda pair: -pair[1])[:top]
    return {"image": name, "top": [{"class": kind, "probability": share} for kind, share in ranked]}


def _show(rows: list[dict[str, Any]], run: "Trained") -> None:
    from nndl.cli.screen import terminal

    places = len(rows[0]["top"])
    ordinals = ("likeliest", *(f"{place}." for place in range(2, places + 1)))
    learnt = "SYNTHETIC images" if run.inputs.synthetic else run.inputs.data
    learnt += (
        "; shares are the softmax of SVM scores, no probabilities" if run.experiment.model.loss.kind == "svm" else ""
    )
    terminal.print_table(
        ("picture", *ordinals),
        [(row["image"], *(f"{one['class']} {100 * one['probability']:.1f} %" for one in row["top"])) for row in rows],
        title=f"{run.folder.path}, learnt from {learnt}",
        left=ordinals,
    )
