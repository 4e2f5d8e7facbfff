"""Starting this nndl in other processes: its code comes from where it is, never from the folder one stands in."""

import os
import sys
import sysconfig
from pathlib import Path


def own_python() -> list[str]:
    """Return the words that start this Python, such as [python, "-P"], to be followed by "-m" and a module.

    -P keeps the working folder out of sys.path: a stranger's sweep may lie there, with an nndl.py or numpy.py of its
    own. A clone that is not installed is named in PYTHONPATH instead, which children inherit.
    """
    root = str(Path(__file__).parents[2])
    given = os.environ.get("PYTHONPATH", "")
    if root not in (*given.split(os.pathsep), *map(sysconfig.get_path, ("purelib", "platlib"))):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (root, given)))
    return [sys.executable, "-P"]


def keep_folder_out() -> None:
    """Have every Python that libraries start from here on leave the working folder out too: a pool's, a cluster's."""
    os.environ["PYTHONSAFEPATH"] = "1"
