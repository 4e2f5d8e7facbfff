"""Going on with the runs of a folder, and beginning the folds that it lacks."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from nndl.config.build import Build
from nndl.errors import UsageError
from nndl.jobs.repeats import missing_folds
from nndl.jobs.resume import Wanted
from nndl.jobs.training import Observer, begin, go_on
from nndl.paths import word
from nndl.runs.folder import members


class FolderObserver(Observer):
    """An observer of the trainings of a folder, too."""

    def heading(self, words: str) -> None:
        """Tell what every run of the folder is told under, or behind."""


def resume_all(
    inside: Path, wanted: Wanted, settings: Sequence[str], observer: FolderObserver, make: Build | None = None
) -> bool:
    """Go on with the runs in a folder, one after the other, then begin the folds it lacks; True where all ended.

    settings: those of wanted.sets that a new run may have beside its siblings (engine, threads, data).
    Raises UsageError where nothing is left to train, or where a new run would be another experiment.
    """
    runs = members(inside)
    left = [run for run in runs if wanted.epochs is not None or run.status() not in ("finished", "imported")]
    missing = list(missing_folds(runs, settings))
    if not (left or missing):
        raise UsageError(f"nothing in {inside} is left to train; --epochs N trains each of its runs to N epochs in all")
    if missing and len(wanted.sets) > len(settings):
        raise UsageError(f"--set would make {missing[0]}, which is yet to begin, another experiment than its siblings")

    def start(path: Path) -> object:
        return begin(missing_folds(runs, settings)[path], path, observer, make)  # with the epochs its siblings have now

    steps: list[tuple[Path, Callable[[], object]]] = [
        (run.path, partial(go_on, run, wanted, observer, make)) for run in left
    ]
    steps += [(path, partial(start, path)) for path in missing]
    for number, (path, train) in enumerate(steps):
        observer.heading(f"{path}:")
        if train() is None:
            of = len(runs) + len(missing)
            observer.note(f"{len(steps) - number} of {of} runs are not done; to go on: nndl resume {word(inside)}")
            return False
    if any(run.path.name.startswith("seed-") for run in runs):
        observer.heading(
            "these are the seeds that were begun; whether more were wanted is written nowhere: nndl train CONFIG "
            f"--seeds N --run-dir {word(inside)} adds those that lack"
        )
    return True
