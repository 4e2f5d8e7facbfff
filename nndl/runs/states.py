"""The whole states of a run: last.safetensors and those before it, step-N.safetensors.

A new state is written to a file of its own before it takes the name of the last one, which keeps another; at every
instant the newest whole state stands in the folder.
"""

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nndl.disk import sync_folder
from nndl.errors import CheckpointError
from nndl.runs.checkpoint import Arrays, Check, read_checkpoint, write_checkpoint
from nndl.runs.files import is_there
from nndl.runs.folder import RunFolder
from nndl.train.state import FORMAT, check_format, check_info, evaluation_weights

BEST = "best/"
"""The beginning of the names of the best epoch's arrays within a state."""

_EARLIER = re.compile(r"step-([0-9]{1,18})\.safetensors")


@dataclass
class State:
    """A state read from a file, and what was passed over to find it."""

    path: Path
    arrays: Arrays
    info: dict[str, Any]
    skipped: dict[Path, str] = field(default_factory=dict)
    """The newer files that hold no whole state, each with what is wrong with it."""


class States:
    """Writes states, keeping the newest `keep`; `current` is the step of the one in last.safetensors, if any."""

    def __init__(self, folder: RunFolder, keep: int = 2, current: int | None = None) -> None:
        self.folder, self.keep, self.current = folder, keep, current

    def write(self, arrays: Arrays, info: Mapping[str, Any]) -> None:
        """Write a state as last.safetensors, on a full disk in the room of the earlier ones.

        Raises OSError where there is none; the last state is then what it was.
        """
        new = self.folder.last.with_name(f".{self.folder.last.name}.part")
        try:
            write_checkpoint(new, arrays, info, self.folder.last)
        except OSError:
            if not self._remove_earlier(keep=0):
                raise
            write_checkpoint(new, arrays, info, self.folder.last)
        if self.keep > 1 and self.current is not None and self.current != info["step"]:
            _also_call(self.folder.last, self.folder.path / f"step-{self.current}.safetensors")
        new.replace(self.folder.last)
        sync_folder(self.folder.path)
        self.current = info["step"]
        self._remove_earlier(self.keep - 1)

    def _remove_earlier(self, keep: int) -> bool:
        """Remove the earlier states but the newest `keep`; returns whether there were any."""
        old = earlier_states(self.folder)[keep:]
        for path in old:
            with contextlib.suppress(OSError):
                path.unlink()
        return bool(old)


def newest_state(folder: RunFolder, check: Check = lambda _: None) -> State | None:
    """Find the newest state that is whole, and whose arrays `check` lets pass; None where none was ever saved.

    Raises CheckpointError where there is none such, with what is wrong with each.
    """
    skipped: dict[Path, str] = {}
    for path in [folder.last, *earlier_states(folder)]:
        try:
            arrays, info = read_checkpoint(path, check)
            if info.get("format") == FORMAT:
                check_info(info)
        except CheckpointError as error:
            words = str(error).partition(";")[0]
            skipped[path] = words if path.name in words else f"{path}: {words}"
            continue
        check_format(info)
        return State(path, arrays, info, skipped)
    if list(skipped) == [folder.last] and not is_there(folder.last):
        return None
    words = "\n".join(f"  {reason}" for reason in skipped.values())
    raise CheckpointError(f"{folder.path} holds no whole state to go on from:\n{words}")


def earlier_states(folder: RunFolder) -> list[Path]:
    """List the files of the states before the last, newest first."""
    numbered = ((_EARLIER.fullmatch(path.name), path) for path in folder.path.glob("step-*.safetensors"))
    found = [(int(match[1]), path) for match, path in numbered if match]
    return [path for _, path in sorted(found, reverse=True)]


def clear_leftovers(folder: RunFolder) -> None:
    """Remove what a killed process was writing when it was killed; call it within `lock_run(folder.path)`."""
    for path in folder.path.glob(".*.part"):
        with contextlib.suppress(OSError):
            path.unlink()


def set_damaged_aside(folder: RunFolder, state: State) -> None:
    """Rename what was skipped to NAME.damaged: it neither counts as a state nor is lost. `state` becomes the last."""
    for path in state.skipped:
        with contextlib.suppress(OSError):
            path.replace(path.with_name(f"{path.name}.damaged"))
    if state.path != folder.last:
        _also_call(state.path, folder.last)


def restore_best(folder: RunFolder, state: State, check: Check = lambda _: None) -> None:
    """Make best.safetensors that of the state: a run killed later may have left another there, or half of one."""
    best = next((epoch for epoch in reversed(state.info["history"]) if epoch["is_best"]), None)
    if best is None:
        with contextlib.suppress(FileNotFoundError):
            folder.best.unlink()
        return
    try:
        if read_checkpoint(folder.best, check)[1].get("step") == best["step"]:
            return
    except CheckpointError:
        pass
    inside = {name.removeprefix(BEST): value for name, value in state.arrays.items() if name.startswith(BEST)}
    if not inside and state.info["step"] != best["step"]:
        raise CheckpointError(f"{folder.best} is not that of epoch {best['epoch']}, and {state.path} does not hold it")
    write_checkpoint(folder.best, inside or evaluation_weights(state.arrays), {"kind": "epoch", **best})


def _also_call(path: Path, name: Path) -> None:
    """Give a file a second name; where a file system allows one alone, the second instead of the first."""
    temporary = name.with_name(f".{name.name}.part")
    with contextlib.suppress(FileNotFoundError):
        try:
            temporary.unlink(missing_ok=True)
            os.link(path, temporary)
            temporary.replace(name)
            temporary.unlink(missing_ok=True)  # it stays where both were names of one file already
        except (OSError, NotImplementedError):
            path.replace(name)
