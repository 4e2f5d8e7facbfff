"""Training images as a network will see them: a sheet with a row for each image and a column for each epoch."""

import io
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np

from nndl.config import Experiment
from nndl.config.build import build_batches
from nndl.config.data import build_split
from nndl.data.normalize import Normalize
from nndl.data.pictures import pillow
from nndl.net.types import Array
from nndl.visible import visible

CELL, GAP, LINE = 96, 6, 12
"""Pixels of a picture's sides on the sheet, between pictures, and of a line of text."""
LETTERS = CELL // 6
"""Letters of pillow's own font that fit beneath a picture."""


@dataclass(frozen=True)
class Seen:
    """A training image, and what epochs make of it."""

    index: int
    """Its number in the training set."""
    pixels: Array
    """uint8 (1 + epochs, C, H, W), the image as it is first."""
    shares: tuple[dict[str, float], ...]
    """The share of each class in it, likewise; classes without one are left out."""


def seen(experiment: Experiment, images: int, epochs: int) -> list[Seen]:
    """Return so many training images, of each class in turn, as the first epochs show them, before normalisation.

    Raises DataError where there are no data.
    """
    split = build_split(experiment)
    batches = build_batches(experiment, split)
    whole, classes = split.dataset.train, split.dataset.classes
    channels = whole.shape[0]
    batches.normalize = Normalize(np.zeros(channels), np.ones(channels))
    index = in_turn(whole.labels[split.train], split.train)[:images]
    shown = [batches.shown(index, epoch) for epoch in range(epochs)]
    pixels = np.array([whole.images[index], *(np.rint(X).clip(0, 255).astype(np.uint8) for X, _ in shown)])
    targets = [np.eye(len(classes))[y] if y.ndim == 1 else y for y in (whole.labels[index], *(y for _, y in shown))]
    return [
        Seen(int(number), pixels[:, row], tuple(_named(target[row], classes) for target in targets))
        for row, number in enumerate(index)
    ]


def in_turn(labels: Array, index: Array) -> Array:
    """Return an index of images (N,) so ordered that their labels (N,) take turns."""
    by_class = [index[labels == label] for label in np.unique(labels)]
    return np.array([number for number in chain(*zip_longest(*by_class)) if number is not None], np.int64)


def _named(target: Array, classes: tuple[str, ...]) -> dict[str, float]:
    """Return the classes that have a share, the largest first."""
    order = [label for label in np.argsort(-target, kind="stable") if target[label] > 0]
    return {classes[label]: float(target[label]) for label in order}


def sheet(rows: list[Seen]) -> bytes:
    """Return the sheet as a PNG. Raises MissingExtraError without pillow."""
    Image = pillow()
    from PIL import ImageDraw

    columns, height = len(rows[0].pixels), len(fitted(rows[0].pixels[0]))
    lines = max(len(shares) for row in rows for shares in row.shares)
    step = (CELL + GAP, height + GAP + lines * LINE)
    picture = Image.new("RGB", (GAP + columns * step[0], GAP + LINE + len(rows) * step[1]), "white")
    draw = ImageDraw.Draw(picture)
    for column in range(columns):
        left = GAP + column * step[0]
        draw.text((left, GAP // 2), f"epoch {column}" if column else "as it is", fill="black")
        for number, row in enumerate(rows):
            top = GAP + LINE + number * step[1]
            picture.paste(Image.fromarray(fitted(row.pixels[column])), (left, top))
            for line, words in enumerate(_caption(row.shares[column])):
                draw.text((left, top + height + line * LINE), words, fill="black")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def fitted(pixels: Array) -> Array:
    """Return an image (C, H, W) as uint8 (height, width, 3) of at most CELL a side, each pixel a square or left out.

    Nothing is smoothed: what the sheet shows are the bytes themselves.
    """
    height, width = pixels.shape[1:]
    scale = CELL / max(height, width)
    scale = max(1, int(scale)) if scale >= 1 else scale
    rows, columns = (
        np.minimum(np.arange(max(1, int(size * scale))) / scale, size - 1).astype(np.int64) for size in (height, width)
    )
    coloured = np.broadcast_to(pixels, (3, height, width)).transpose(1, 2, 0)
    return np.ascontiguousarray(coloured[rows[:, None], columns])


def _caption(shares: dict[str, float]) -> list[str]:
    """Return a line for each class, behind its share where there are several: a colon would be lost in this font."""
    words = [(f"{100 * share:.0f} % " if len(shares) > 1 else "", name) for name, share in shares.items()]
    return [(share + _plain(name))[:LETTERS] for share, name in words]


def _plain(name: str) -> str:
    """Return a name in the letters of pillow's own font."""
    return visible(name).encode("latin-1", "replace").decode("latin-1")
