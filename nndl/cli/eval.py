"""nndl eval: score a run on images it did not learn from."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nndl.cli.complete import RUN, complete_engine

OTHER_IMAGES = (
    "note: the data set is not the one that the run learnt from (their checksums differ), so images to score may be "
    "among those it has seen"
)

TTA = typer.Option(
    metavar="none|mirror|mirror+translate",
    help="Average the scores over views of each image.  [default: as training scored them]",
)


def evaluate(
    run: Annotated[str, RUN] = "latest",
    split: Annotated[str, typer.Option(metavar="test|val", help="Which images.")] = "test",
    tta: Annotated[str | None, TTA] = None,
    best: Annotated[bool, typer.Option("--best/--last", help="Weights of the best epoch, or the last.")] = True,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder of the data set, of CIFAR-10.1 or of CIFAR-10-C.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="Another engine than the run's.", autocompletion=complete_engine)
    ] = None,
    confusion: Annotated[bool, typer.Option("--confusion", help="Print the whole confusion matrix too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Score a run: accuracy in all, by class, what each class is taken for, and how far it can be believed.

    With --data FOLDER that holds CIFAR-10.1 or CIFAR-10-C as published (.npy files), those are scored.
    """
    from nndl.api import SPLITS, held_out, load_run
    from nndl.cli import robustness, ui
    from nndl.data.robust import robust_sets
    from nndl.errors import UsageError
    from nndl.runs.recorder import result_record
    from nndl.train.views import as_tta

    if split not in SPLITS:
        raise UsageError(f"--split takes {' or '.join(SPLITS)}, not {split!r}")
    loaded = load_run(run, best=best, engine=engine)
    chosen = as_tta(tta or (loaded.experiment.train.tta if split == "test" else "none"))  # as training scores them
    report = {"run": str(loaded.folder.path), "weights": "best" if best else "last", "step": loaded.step, "tta": chosen}
    sets = robust_sets(data) if data is not None else []
    if sets:
        report |= robustness.score(loaded, sets, chosen, say=None if json else ui.note)
        show = robustness.show
    else:
        parts = loaded.split(data)
        if not loaded.learnt_from(parts):
            ui.note(OTHER_IMAGES)
        images = held_out(parts, split)
        report |= {"split": split, "data": loaded.inputs.data, "synthetic": loaded.inputs.synthetic}
        report |= result_record(loaded.evaluate(images.images, images.labels, chosen), loaded.classes)
        show = _show
    if json:
        ui.emit_json(report)
        return
    show(report)
    if confusion and not sets:
        _show_confusion(report)


def _show(report: dict[str, Any]) -> None:
    from nndl.cli import ui

    names = list(report["per_class"])
    rows = []
    for index, (name, scored) in enumerate(report["per_class"].items()):
        share = "-" if scored["accuracy"] is None else f"{100 * scored['accuracy']:.2f} %"
        rows.append(
            (name, scored["images"], scored["correct"], share, _confused(report["confusion"][index], index, names))
        )
    images = "SYNTHETIC" if report["synthetic"] else report["data"]
    split = {"test": "test", "val": "validation"}[report["split"]]
    ui.print_table(
        ("class", "images", "correct", "accuracy", "most often taken for"),
        rows,
        title=f"{report['run']}, {report['weights']} weights (step {report['step']:,}), {images} {split} images",
        left=("most often taken for",),
    )
    ui.say(f"\n{split} accuracy {sentence(report)}, of {report['images']:,} {images} images{views(report['tta'])}")


def sentence(scored: dict[str, Any]) -> str:
    """75.31 % (95 % interval 74.46 to 76.15), top-5 98.12 %, loss 0.7213, calibration error 2.31 %."""
    below, above = (100 * bound for bound in scored["interval95"])
    error = scored["calibration_error"]
    calibration = "" if error is None else f", calibration error {100 * error:.2f} %"
    return (
        f"{100 * scored['accuracy']:.2f} % (95 % interval {below:.2f} to {above:.2f}), "
        f"top-5 {100 * scored['top5']:.2f} %, loss {scored['loss']:.4f}{calibration}"
    )


def views(tta: str) -> str:
    """How the scores were averaged, for a person; nothing where they were not."""
    return "" if tta == "none" else f", views averaged: {tta}"


def _confused(row: list[int], own: int, names: list[str]) -> str:
    """The class most images of another were taken for, and how many."""
    count, index = max((count, -index) for index, count in enumerate(row) if index != own)
    return f"{names[-index]} ({count})" if count else ""


def _show_confusion(report: dict[str, Any]) -> None:
    from nndl.cli import ui

    names = list(report["per_class"])
    rows = [(name, *counts) for name, counts in zip(names, report["confusion"], strict=True)]
    ui.say()
    ui.print_table(("is, taken for:", *(name[:6] for name in names)), rows)
