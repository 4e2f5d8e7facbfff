"""Facts of the data sets that are known before any of them is read."""

import re

from nndl.config.shown import shown
from nndl.data.official import CLASSES as PUBLISHED
from nndl.data.synthetic import PATTERNS

SHAPE = (3, 32, 32)
"""Of the images of these data sets."""
CLASSES = {**PUBLISHED, "synthetic": tuple(PATTERNS)}
TRAINING_IMAGES = {"cifar10": 50_000, "cifar100": 50_000, "synthetic": 5_000}
"""The number that `all` means; of synthetic images there may be as many as CIFAR has."""
MOST_TRAINING_IMAGES, MOST_TEST_IMAGES = 50_000, 10_000

HELD_OUT = 5000
"""Images that validate unless a config says otherwise."""


def held_out(images: int, classes: int) -> int:
    """Count the images that validate where it is left open: a tenth of those there are where HELD_OUT would be all.

    At least one of each class, or none where that would leave nothing to learn from.
    """
    if images > HELD_OUT:
        return HELD_OUT
    least = max(classes, images // 10)
    return least if least < images else 0


FOLD = r"^([1-9][0-9]{0,3})/([1-9][0-9]{0,3})$"


def parse_fold(text: object) -> tuple[int, int]:
    """Return (2, 5) for "2/5", the second of five parts. Raises ValueError for anything else."""
    found = re.fullmatch(FOLD, text) if isinstance(text, str) else None
    if not found or not 1 <= int(found[1]) <= int(found[2]) or int(found[2]) < 2:
        raise ValueError(f"a fold is such as 2/5, the second of five, not {shown(text)}")
    return int(found[1]), int(found[2])


def fold_size(images: int, fold: str) -> int:
    """Count the images in a fold of so many: the first ones take what does not divide."""
    number, folds = parse_fold(fold)
    return images // folds + (number <= images % folds)
