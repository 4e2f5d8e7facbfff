"""nndl eval: score a run on images it did not learn from."""

from pathlib import Path
from typing import Annotated

import typer

from nndl.cli.options import Best, Json, OtherEngine, Run
from nndl.paths import expanded

OTHER_IMAGES = (
    "note: the data set is not the one that the run learnt from (their checksums differ), so images to score may be "
    "among those it has seen"
)

TTA = typer.Option(
    metavar="none|mirror|mirror+translate",
    help="Average the scores over views of each image.  [default: as training scored them]",
)


def evaluate(
    run: Run = "latest",
    split: Annotated[str, typer.Option(metavar="test|val", help="Which images.")] = "test",
    tta: Annotated[str | None, TTA] = None,
    best: Best = True,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", parser=expanded, help="Folder of the data set, of CIFAR-10.1 or of CIFAR-10-C."),
    ] = None,
    engine: OtherEngine = None,
    confusion: Annotated[bool, typer.Option("--confusion", help="Print the whole confusion matrix too.")] = False,
    json: Json = False,
) -> None:
    """Score a run: accuracy in all, by class, what each class is taken for, and how far it can be believed.

    With --data FOLDER that holds CIFAR-10.1 or CIFAR-10-C as published (.npy files), those are scored.
    """
    from nndl.api import SPLITS, held_out
    from nndl.cli.screen import scores, terminal
    from nndl.cli.screen.loading import load
    from nndl.data.robust import robust_sets
    from nndl.errors import UsageError
    from nndl.runs.recorder import result_record
    from nndl.runs.robustness import robustness
    from nndl.train.views import as_tta

    if split not in SPLITS:
        raise UsageError(f"--split takes {' or '.join(SPLITS)}, not {split!r}")
    loaded = load(run, best=best, engine=engine)
    chosen = as_tta(tta or (loaded.experiment.train.tta if split == "test" else "none"))  # as training scores them
    report = {"run": str(loaded.folder.path), "weights": loaded.weights, "step": loaded.step, "tta": chosen}
    sets = robust_sets(data) if data is not None else []
    if sets:
        report |= robustness(loaded.evaluate, loaded.classes, sets, chosen, None if json else terminal.note)
        show = scores.show_sets
    else:
        parts = loaded.split(data)
        if not loaded.learnt_from(parts):
            terminal.note(OTHER_IMAGES)
        images = held_out(parts, split)
        report |= {"split": split, "data": loaded.inputs.data, "synthetic": loaded.inputs.synthetic}
        report |= result_record(loaded.evaluate(images.images, images.labels, chosen), loaded.classes)
        show = scores.show
    if json:
        terminal.emit_json(report)
        return
    show(report)
    if confusion and not sets:
        scores.show_confusion(report)
