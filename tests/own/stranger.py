"""A run of a stranger's, whose code leaves a mark where it is run; what is asked of it."""

import os
import shutil
from pathlib import Path

from typer.testing import CliRunner

from nndl import load_config
from nndl.cli.app import app
from nndl.config.build import build
from nndl.jobs.replay import train_until
from nndl.jobs.resume import keeping
from nndl.jobs.start import start_run
from nndl.own import running
from tests.own.written import SWISH, write

MARK = "\nimport os\nfrom pathlib import Path\nPath(os.environ['MARKER']).touch()\n"
"""Code that leaves a mark, in this process or in one that it starts."""

SWEEPS = {"work": 2, "status": 0, "best": 2, "report": 0, "export": 0, "importance": 2}
"""Verbs of a sweep's folder, and how they end where no trial is trained: a worker alone needs the network."""


def train(folder: Path) -> None:
    """Train two runs in `folder`, where nobody has been, and put the stranger's file and config beside them."""
    config = write(folder / "theirs", code=SWISH + MARK)
    built = build(load_config(config))
    for name in ("RUN", "OTHER"):
        run = start_run(built, folder / "runs" / name)
        train_until(run, built.solver, keeping(built), 4)
        os.utime(run.config, (0, 0))  # nothing waits for a training that is about to begin
    shutil.copytree(folder / "theirs", folder, dirs_exist_ok=True)
    forget(folder)


def forget(folder: Path) -> None:
    """Forget the code: of this process as of this user, who has never seen it."""
    running._run.clear()
    for name in ("known-code", "it was run"):
        (folder / name).unlink(missing_ok=True)


def said(words: str) -> tuple[int, str]:
    """Return the exit code and the words of a command, in which RUN and OTHER are the stranger's runs."""
    done = CliRunner().invoke(
        app, [word.replace("RUN", "runs/RUN").replace("OTHER", "runs/OTHER") for word in words.split()]
    )
    return done.exit_code, done.output
