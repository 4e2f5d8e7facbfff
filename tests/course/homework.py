"""Small submissions of our own making."""

import zipfile
from pathlib import Path

RIGHT = """
import numpy as np

def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, cache):
    return dout * (cache > 0)
"""
WRONG = RIGHT.replace("dout * (cache > 0)", "dout * (dout > 0)")


def hand_in(folder: Path, text: str = RIGHT, name: str = "layers.py") -> Path:
    """Make a folder with one file; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def zipped(path: Path, *entries: tuple["str | zipfile.ZipInfo", str | bytes]) -> Path:
    """Make a zip file of these entries; return it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path
