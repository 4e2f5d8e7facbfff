"""Generated images in CIFAR's shape, for a first run and for tests: no download, and something to learn."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.data import counter
from nndl.data.dataset import Dataset, Images
from nndl.errors import DataError

Ints = NDArray[Any]

HINT = 60  # of 255: how far apart the classes' mean colours lie; the colours themselves are spread over 128
CONTRAST = 24  # of 255: pattern and background are moved apart by this much each, the one or the other being brighter
NOISE = 60  # of 255: the largest noise of a pixel


def make_synthetic(train_size: int = 5000, test_size: int = 1000, seed: int = 0, classes: int = 10) -> Dataset:
    """Draw patterns of ten kinds at random places, sizes, phases and colours on a shaded background, with noise.

    The pattern alone tells the class; colour only hints at it. With the default sizes softmax regression on the pixels
    reaches 28 % on the test set at best, a convnet of three 3x3 layers (16, 32, 64 filters, batch norm) 93 % in
    8 epochs. Integer arithmetic throughout: the bytes are the same on every platform.

    Raises DataError unless 2 <= classes <= 10 and there is an image of every class in both sets.
    """
    if not 2 <= classes <= len(PATTERNS) or min(train_size, test_size) < classes:
        raise DataError(f"synthetic images: 2 to {len(PATTERNS)} classes, and at least one image of each in both sets")
    train = _images((seed, 1), train_size, classes)
    test = _images((seed, 2), test_size, classes)
    return Dataset("synthetic", train, test, tuple(PATTERNS)[:classes], synthetic=True)


def scaled(images: Images, shape: tuple[int, int, int]) -> Images:
    """Return the images in another shape (C, H, W): every pixel is one of theirs, grey is their red."""
    channels, height, width = shape
    rows, columns = (np.arange(side) * own // side for side, own in zip((height, width), images.shape[1:], strict=True))
    pixels = images.images[:, :channels][:, :, rows[:, None], columns]
    return Images(np.ascontiguousarray(pixels), images.labels)


def _images(key: tuple[int, int], count: int, classes: int) -> Images:
    """Draw a set whose labels come in random order, equally many of each class (give or take one)."""
    index = np.arange(count)
    order = np.argsort(counter.bits((*key, 0), index, 1)[0], kind="stable")
    labels = (index % classes)[order]
    images = np.empty((count, 3, 32, 32), np.uint8)
    for label in range(classes):
        chosen = index[labels == label]
        images[chosen] = _draw(key, chosen, label)
    return Images(images, labels)


class _Place:
    """Places of N patterns, in pixels: x, y from the centre; radius, period, phase and shift (N, 1, 1) at random."""

    def __init__(self, key: tuple[int, int], index: Ints) -> None:
        drawn = counter.integers((*key, 1), index, (6, 32, 32, 4, 64, 64))[:, :, None, None]
        self.radius, self.period, self.phase, self.shift = 8 + drawn[0], 4 + drawn[3], drawn[4], drawn[5]
        room = 32 - 2 * self.radius
        self.y = np.arange(32)[:, None] - (self.radius + drawn[1] * room // 32)
        self.x = np.arange(32) - (self.radius + drawn[2] * room // 32)

    def window(self) -> Ints:
        """Return the square a pattern may fill, bool (N, 32, 32)."""
        window: Ints = (abs(self.x) <= self.radius) & (abs(self.y) <= self.radius)
        return window


def _draw(key: tuple[int, int], index: Ints, label: int) -> Ints:
    """Draw images uint8 (N, 3, 32, 32) of one class."""
    place = _Place(key, index)
    pattern = place.window() & list(PATTERNS.values())[label](place)
    front, back, shade = _colours(key, index, label)
    gradient = shade[:, :, 0] * (np.arange(32)[:, None] - 16) + shade[:, :, 1] * (np.arange(32) - 16)
    image: Ints = np.where(pattern[:, None], front, back + gradient // 16) + _noise(key, index)
    return image.clip(0, 255).astype(np.uint8)


def _colours(key: tuple[int, int], index: Ints, label: int) -> tuple[Ints, Ints, Ints]:
    """Draw pattern and background (N, 3, 1, 1), apart in brightness, and the background's slopes (N, 3, 2, 1, 1)."""
    drawn = counter.integers((*key, 2), index, (128, 128, 128, 128, 128, 128, 2) + (97,) * 6)
    hint = np.array([label * 7 % 10, label * 3 % 10, label]) * HINT // 9
    sign = 2 * drawn[6] - 1
    front = 64 + drawn[0:3].T + hint - HINT // 2 + CONTRAST * sign[:, None]
    back = 64 + drawn[3:6].T - CONTRAST * sign[:, None]
    shade = drawn[7:].T.reshape(-1, 3, 2, 1, 1) - 48
    return front[:, :, None, None], back[:, :, None, None], shade


def _noise(key: tuple[int, int], index: Ints) -> Ints:
    """Draw noise int32 (N, 3, 32, 32), triangular over -NOISE..NOISE: the difference of two uniform bytes."""
    raw = counter.bits((*key, 3), index, 3 * 32 * 32 // 4).T.astype("<u8", order="C").view("<u2").astype(np.int32)
    difference: Ints = (raw >> 8) - (raw & 255)
    return (difference * NOISE // 255).reshape(-1, 3, 32, 32)


def _stripes(across: Ints, at: _Place, phase: Ints | None = None) -> Ints:
    stripes: Ints = (across + (at.phase if phase is None else phase)) % at.period * 2 < at.period
    return stripes


def _checkerboard(at: _Place) -> Ints:
    square = at.period // 2 + 1
    fields: Ints = ((at.x + at.phase) // square + (at.y + at.shift) // square) % 2 == 0
    return fields


def _rings(at: _Place) -> Ints:
    distance: Ints = np.sqrt(at.x * at.x + at.y * at.y).astype(np.int64)
    rings: Ints = _stripes(distance, at) & (distance <= at.radius)
    return rings


PATTERNS: dict[str, Callable[[_Place], Ints]] = {
    "horizontal stripes": lambda at: _stripes(at.y, at),
    "vertical stripes": lambda at: _stripes(at.x, at),
    "rising stripes": lambda at: _stripes(at.x + at.y, at),
    "falling stripes": lambda at: _stripes(at.x - at.y, at),
    "checkerboard": _checkerboard,
    "dots": lambda at: _stripes(at.x, at) & _stripes(at.y, at, at.shift),
    "rings": _rings,
    "disc": lambda at: at.x * at.x + at.y * at.y <= at.radius * at.radius,
    "frame": lambda at: np.maximum(abs(at.x), abs(at.y)) * 2 > 2 * at.radius - at.period,
    "cross": lambda at: (abs(at.x) * 2 < at.period) | (abs(at.y) * 2 < at.period),
}
"""Class name: where the pattern is, bool (N, 32, 32)."""
