"""Folders of pictures drawn for tests: many sizes, formats and modes, each class of a colour of its own."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image")

COLOURS = {"cat": (200, 40, 30), "dog": (30, 190, 60), "owl": (40, 60, 210)}
KINDS = (("png", "RGB"), ("jpg", "RGB"), ("bmp", "RGB"), ("png", "RGBA"), ("gif", "P"), ("webp", "RGB"), ("tif", "RGB"))


def picture(name: str, number: int, mode: str = "RGB") -> Any:
    """A picture of a class, of a size of its own, with noise of its own."""
    random = np.random.default_rng([number, *name.encode()])
    height, width = random.integers(20, 70, 2)
    pixels = np.array(COLOURS[name]) + random.integers(-25, 25, (height, width, 3))
    made = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return made if mode == "RGB" else made.convert(mode)


def fill(root: Path, counts: dict[str, int], first: int = 0) -> Path:
    """Put so many pictures of each class into folders inside `root`."""
    for name, count in counts.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(first, first + count):
            suffix, mode = KINDS[number % len(KINDS)]
            picture(name, number, mode).save(root / name / f"{number:03}.{suffix}")
    return root


def touch(path: Path) -> None:
    """Give a file a later time, whatever the clock's grain."""
    about = path.stat()
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns + 10**9))
