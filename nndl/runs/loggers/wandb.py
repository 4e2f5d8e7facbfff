"""Weights & Biases: a project "nndl"; offline, for `wandb sync`, unless one is logged in or WANDB_MODE says."""

import os
import re
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from nndl.paths import resolved
from nndl.runs.atomic import write_atomically
from nndl.runs.files import is_there, own_folder, read_bounded
from nndl.runs.loggers.logger import About

PROJECT = "nndl"
PATIENCE = 20.0
"""Seconds to wait for a server before training goes on without it."""


class WeightsAndBiases:
    """Never asks anything: without a key, what it records waits in the run's folder."""

    def __init__(self, about: About) -> None:
        import wandb

        mode: Any = os.environ.get("WANDB_MODE") or ("online" if _has_key() else "offline")
        self._run: Any = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=about.name,
            id=_identity(about),
            resume="allow",
            dir=str(resolved(about.folder.path)),
            config=dict(about.config),
            mode=mode,
            settings=wandb.Settings(silent=True, console="off", init_timeout=PATIENCE),
        )
        self.logged = max(about.step, int(self._run.step or 0))

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=step)

    def finish(self, status: str, values: Mapping[str, float]) -> None:
        self._run.summary.update({**values, "status": status})
        self._run.finish(exit_code=0 if status == "finished" else 1)


def _identity(about: About) -> str:
    """Return an id that gives a run one record, however often it is stopped and gone on with."""
    file = own_folder(about.folder.path / "wandb", links=True) / "run-id"  # it makes links of its own there
    if about.step and is_there(file):
        known = read_bounded(file).decode("utf-8", errors="replace").strip()
        if re.fullmatch("[0-9a-f]{12}", known):  # it becomes part of a path
            return known
    made = uuid4().hex[:12]
    write_atomically(file, made)
    return made


def _has_key() -> bool:
    """Tell whether this machine is logged in; nothing is asked and no network used."""
    import netrc

    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        host = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai").partition("://")[2].split("/")[0]
        return netrc.netrc().authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
