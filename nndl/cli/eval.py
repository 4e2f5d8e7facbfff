"""nndl eval: score a run on images it did not learn from."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nndl.cli.options import TTA, Best, Json, OtherEngine, Run, Step
from nndl.paths import expanded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nndl.runs.sets import Bundle

OTHER_IMAGES = (
    "note: the data set is not the one that the run learnt from (their checksums differ), so images to score may be "
    "among those it has seen"
)


def evaluate(
    run: Run = "latest",
    split: Annotated[str, typer.Option(metavar="test|val", help="Which images.")] = "test",
    tta: Annotated[str | None, TTA] = None,  # as training scored them
    best: Best = True,
    step: Step = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", parser=expanded, help="Folder of the data set, of CIFAR-10.1 or of CIFAR-10-C."),
    ] = None,
    engine: OtherEngine = None,
    confusion: Annotated[bool, typer.Option("--confusion", help="Print the whole confusion matrix too.")] = False,
    json: Json = False,
) -> None:
    """Score a run: accuracy in all, by class, what each class is taken for, and how far it can be believed.

    Of a folder of several seeds each finished run is scored, with their mean and standard deviation.
    Without --tta views are averaged as training did when it scored them.
    With --data FOLDER that holds CIFAR-10.1 or CIFAR-10-C as published (.npy files), those are scored.
    """
    from nndl.cli.screen import scores, terminal
    from nndl.config.data import SPLITS
    from nndl.errors import UsageError
    from nndl.runs.sets import bundles

    if split not in SPLITS:
        raise UsageError(f"--split takes {' or '.join(SPLITS)}, not {split!r}")
    if step is not None and not best:
        raise UsageError(f"--step {step} and --last both say which weights; give one of them")
    found = bundles([run])
    ask = partial(_report, split=split, tta=tta, best=best, step=step, data=data, engine=engine, quiet=json)
    reports = {row.folder: ask(row.folder) for bundle in found for row in bundle.drawn}
    if len(reports) > 1:
        _tell_several(found, reports, confusion=confusion, json=json)
        return
    (report,) = reports.values()
    if json:
        terminal.emit_json(report)
        return
    (scores.show_sets if "sets" in report else scores.show)(report)
    if confusion and "confusion" in report:
        scores.show_confusion(report)


def _report(
    run: str,
    *,
    split: str,
    tta: str | None,
    best: bool,
    step: int | None,
    data: Path | None,
    engine: str | None,
    quiet: bool,
) -> dict[str, Any]:
    """Score one run on the images of its data set, or on those sets that are in `data`."""
    from nndl.cli.screen import terminal
    from nndl.cli.screen.loading import load
    from nndl.config.data import held_out
    from nndl.data.robust import robust_sets
    from nndl.runs.results import result_record
    from nndl.runs.robustness import robustness
    from nndl.train.views import as_tta

    loaded = load(run, best=best, engine=engine, step=step)
    chosen = as_tta(tta or (loaded.experiment.train.tta if split == "test" else "none"))  # as training scores them
    report = {"run": str(loaded.folder.path), "weights": loaded.weights, "step": loaded.step, "tta": chosen}
    sets = robust_sets(data) if data is not None else []
    if sets:
        return report | robustness(loaded.evaluate, loaded.classes, sets, chosen, None if quiet else terminal.note)
    parts = loaded.split(data)
    if not loaded.learnt_from(parts):
        terminal.note(OTHER_IMAGES)
    images = held_out(parts, split)
    report |= {"split": split, "data": loaded.inputs.data, "synthetic": loaded.inputs.synthetic}
    return report | result_record(loaded.evaluate(images.images, images.labels, chosen), loaded.classes)


def _tell_several(
    found: "Sequence[Bundle]", reports: dict[str, dict[str, Any]], *, confusion: bool, json: bool
) -> None:
    """Tell each run's accuracy, and for each config their mean and deviation."""
    from nndl.cli.screen import scores, terminal
    from nndl.runs.comparing import spread
    from nndl.runs.results import accuracy_of, together
    from nndl.runs.sets import names

    groups: list[dict[str, Any]] = []
    for name, bundle in zip(names(found), found, strict=True):
        mine = [reports[row.folder] for row in bundle.drawn]
        over = spread([accuracy_of(report) for report in mine])
        groups.append({"name": name, "mean": over.mean, "deviation": over.deviation, "runs": mine})
        if bundle.left_out:
            terminal.note(bundle.left_out)
    if json:
        terminal.emit_json({"configs": groups})
        return
    for group in groups:
        scores.show_group(**group)
        if confusion and "confusion" in group["runs"][0]:
            scores.show_confusion(together(group["runs"]))
