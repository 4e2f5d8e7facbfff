"""The Python interface, as small as the command line, which uses it: load_config, build, train, load_run."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from nndl.config import Experiment, load_config
from nndl.config.build import Built, check_experiment
from nndl.config.own.registering import register
from nndl.data.sources.python import Dataset
from nndl.errors import UsageError
from nndl.flags import require_flags
from nndl.jobs.budget import within_budget
from nndl.jobs.build import as_set_by_hand, build
from nndl.jobs.progress import require_watch, say, shown
from nndl.jobs.resume import keeping
from nndl.jobs.start import start_run
from nndl.jobs.trained import Run, load_run
from nndl.jobs.training import note_beyond
from nndl.runs.folder import note_elsewhere
from nndl.runs.training import keep_run
from nndl.train.events import Event

__all__ = ["Dataset", "Run", "build", "load_config", "load_run", "register", "train"]


def train(
    experiment: Experiment | Built,
    run_dir: str | Path | None = None,
    *,
    data: Dataset | None = None,
    watch: Callable[[Event], None] | None = None,
    progress: bool = True,
    keep_data: bool = True,
) -> Run:
    """Train to the end and keep the run in runs/NAME-TIME, or `run_dir`; return it with its best weights.

    data: images made by `Dataset.from_arrays`, in the place of those that the experiment names; the run keeps them, up
    to 256 MiB, in arrays.npz, unless keep_data is False: then they are given again where they are needed, as to
    `Run.resume`. watch is called with every event (`nndl.train.events`). progress: show a line that tells
    where training stands, and the notes of `nndl train`, in a terminal or below a notebook's cell; elsewhere nothing is
    printed. Raises DataError where the images are missing and TrainingError where losses or weights make no sense any
    more.
    """
    require_watch(watch)
    require_flags(progress=progress, keep_data=keep_data)
    if not isinstance(experiment, Built):
        check_experiment(experiment)
    note = partial(say, wanted=progress)
    built = as_set_by_hand(_built(experiment, data, note))
    note_beyond(built.experiment, note)
    folder = start_run(built, run_dir, keep_data)
    note_elsewhere(folder.path)
    with shown(built.solver, progress, watch) as see:
        keep_run(folder, built.solver, built.test, built.split.dataset.classes, see, keeping(built))
    return load_run(folder.path)


def _built(experiment: Experiment | Built, data: Dataset | None, note: Callable[[str], None]) -> Built:
    """Make what the experiment needs; what `build` gave is made already, and has its images."""
    if not isinstance(experiment, Built):
        make = partial(build, data=data)
        return make(within_budget(experiment, make, note))
    if data is not None:
        raise UsageError("what build gave has its images: give data to build")
    return experiment
