"""The place of a run's images: in its folder where Python gave them, else where its config, or the run's note, says."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nndl.config import Experiment
from nndl.config.datasets import CLASSES
from nndl.config.schema import GIVEN, Data
from nndl.data.finding import is_in
from nndl.errors import CheckpointError, DataError
from nndl.paths import expanded
from nndl.runs.files import is_there
from nndl.runs.folder import RunFolder
from nndl.visible import visible

Noted = dict[str, str]
"""A relative root of images as a config says it, and the place that it meant: {"said": "pets", "was": "/home/me/pets"}.
"""


def found_at(data: Data) -> Noted | None:
    """Return where images of a relative root are, for a run to note; None where the config says all."""
    root = expanded(data.root)
    if data.dataset == "synthetic" or data.in_python or root.is_absolute():
        return None
    return {"said": data.root, "was": str(root.absolute())}


def at_hand(experiment: Experiment, folder: RunFolder, kept: bool, is_asked_for: bool) -> Experiment:
    """Return a stored experiment with the root at which its images are.

    kept: the run keeps images that Python gave. is_asked_for: the root is not the run's own. Else a relative root
    means what it does here, and where nothing is there, the place that it meant when the run began.
    """
    data = experiment.data
    if data.in_python:
        return _with_root(experiment, _arrays(folder)) if kept else experiment
    noted = None if is_asked_for or Path(data.root).is_absolute() else _noted(folder)
    if noted is None or noted["said"] != data.root or _is_there(data, data.root):
        return experiment
    return _with_root(experiment, noted["was"]) if _is_there(data, noted["was"]) else experiment


@contextmanager
def told_where(data: Data, folder: RunFolder) -> Iterator[None]:
    """Add to a DataError, within, how to say where a run's images are now, if nothing is at their root any more."""
    try:
        yield
    except DataError as error:
        if data.in_python or data.dataset in ("synthetic", *CLASSES) or _is_there(data, data.root):
            raise
        noted = _noted(folder)
        was = f"; when the run began they were in {visible(noted['was'])}" if noted else ""
        raise DataError(f"{error}\n  if the images are elsewhere: --data FOLDER says where{was}") from None


def as_kept(experiment: Experiment, folder: RunFolder) -> Experiment:
    """Return a stored experiment as its folder, which may be moved, is to say it."""
    if experiment.data.root == _arrays(folder):
        return _with_root(experiment, GIVEN)
    noted = _noted(folder)
    return _with_root(experiment, noted["said"]) if noted and noted["was"] == experiment.data.root else experiment


def _is_there(data: Data, root: str) -> bool:
    path = expanded(root)
    return is_in(path, data.dataset) if data.dataset in CLASSES else path.exists()


def _noted(folder: RunFolder) -> Noted | None:
    """Read what the run noted; None where it noted nothing, or nothing that can be read."""
    try:
        noted = folder.read_environment().get("root") if is_there(folder.environment) else None
    except CheckpointError:
        return None
    whole = isinstance(noted, dict) and all(isinstance(noted.get(key), str) for key in ("said", "was"))
    return noted if whole else None


def _arrays(folder: RunFolder) -> str:
    return str(folder.arrays.absolute())


def _with_root(experiment: Experiment, root: str) -> Experiment:
    return experiment.model_copy(update={"data": experiment.data.model_copy(update={"root": root})})
