"""nndl eval: score a run on images it did not learn from."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from nndl.config.build import Built
    from nndl.train.evaluate import Evaluator

SPLITS = ("test", "val")


def evaluate(
    run: Annotated[str, typer.Argument(help="A run's folder, its name under runs/, or latest.")] = "latest",
    split: Annotated[str, typer.Option(metavar="test|val", help="Which images.")] = "test",
    best: Annotated[bool, typer.Option("--best/--last", help="Weights of the best epoch, or the last.")] = True,
    data: Annotated[str | None, typer.Option(metavar="FOLDER", help="Folder that holds the data set.")] = None,
    engine: Annotated[str | None, typer.Option(help="auto, reference or vectorized, instead of the run's.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Score a run: accuracy in all, by class, and what each class is most often taken for."""
    from nndl.cli import ui
    from nndl.config import load_config
    from nndl.config.build import build
    from nndl.runs.checkpoint import read_checkpoint
    from nndl.runs.folder import find_run
    from nndl.runs.recorder import result_record
    from nndl.train.state import load_weights

    folder = find_run(run)
    settings = {"data.root": data, "engine": engine}
    arrays, info = read_checkpoint(folder.best if best else folder.last)
    built = build(
        load_config(folder.config, [f"{key}={value}" for key, value in settings.items() if value is not None])
    )
    evaluator = _evaluator(built, split)
    load_weights(built.network, arrays)
    dataset = built.split.dataset
    report = {"run": str(folder.path), "weights": "best" if best else "last", "step": info["step"], "split": split}
    report |= {"data": dataset.name, "synthetic": dataset.synthetic}
    report |= result_record(evaluator(built.network), dataset.classes)
    if json:
        ui.emit_json(report)
    else:
        _show(report)


def _evaluator(built: "Built", split: str) -> "Evaluator":
    from nndl.errors import UsageError

    if split not in SPLITS:
        raise UsageError(f"--split takes {' or '.join(SPLITS)}, not {split!r}")
    evaluator = built.test if split == "test" else built.validation
    if evaluator is None:
        raise UsageError("the run held out no validation images (data.validation_size is 0)")
    return evaluator


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
    ui.say(
        f"\n{split} accuracy {100 * report['accuracy']:.2f} % of {report['images']:,} {images} images, "
        f"top-5 {100 * report['top5']:.2f} %, loss {report['loss']:.4f}"
    )


def _confused(row: list[int], own: int, names: list[str]) -> str:
    """The class most images of another were taken for, and how many."""
    count, index = max((count, -index) for index, count in enumerate(row) if index != own)
    return f"{names[-index]} ({count})" if count else ""
