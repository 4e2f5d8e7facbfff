"""A run's folder taken away, and nothing else: only folders that are runs, that nobody trains, that hold no others."""

import shutil
from pathlib import Path

from nndl.errors import UsageError
from nndl.own.source import KEPT
from nndl.paths import expanded, resolved
from nndl.runs.files import is_there
from nndl.runs.folder import RunFolder, SeveralRunsError, members, runs_root
from nndl.runs.lock import is_locked, lock_run

OURS = {"tensorboard", "mlflow", "wandb", KEPT}
"""Folders that a run may hold."""


def removable(text: str, runs: Path | None = None) -> RunFolder:
    """Return the run of exactly this folder or name under runs/: here the beginning of a name is not enough.

    Raises UsageError for what is no run, for a run that is training, and for a folder that holds more than a run.
    """
    runs = runs or runs_root()
    for path in (expanded(text), runs / text):
        if is_there(path / "config.yaml"):
            folder = RunFolder(path)
            _refuse(folder)
            return folder
    inside = next(filter(None, map(members, (expanded(text), runs / text))), [])
    if inside:
        raise SeveralRunsError(inside[0].path.parent, inside)
    raise UsageError(f"there is no run {text!r} to remove; give its whole name, as nndl runs shows it")


def _refuse(folder: RunFolder) -> None:
    path = folder.path
    if not folder.is_begun():
        raise UsageError(f"{path} holds a config.yaml, but no run: it is left alone")
    if path.is_symlink():
        raise UsageError(f"{path} is a link; remove the run where it stands: {resolved(path)}")
    if Path.cwd().is_relative_to(resolved(path)):
        raise UsageError(f"{path} is where you are; go to another folder first")
    others = sorted(item.name for item in path.iterdir() if item.is_dir() and item.name not in OURS)
    if others:
        raise UsageError(f"{path} holds a folder that is not the run's, {others[0]}: it is left alone")
    if is_locked(path) or folder.status() == "running":
        raise UsageError(f"{path} is being trained; stop it first")


def remove_run(folder: RunFolder) -> None:
    """Delete the folder. Its config goes last: what is left when something breaks still is a run, to be removed."""
    with lock_run(folder.path):
        inside = [item for item in folder.path.iterdir() if item not in (folder.lock, folder.config)]
        for item in [*inside, folder.config]:
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            else:
                item.unlink(missing_ok=True)
    folder.lock.unlink(missing_ok=True)
    folder.path.rmdir()


def size_of(folder: RunFolder) -> int:
    """Sum the bytes of its files."""
    return sum(item.lstat().st_size for item in folder.path.rglob("*") if not item.is_dir())
