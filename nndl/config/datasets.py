"""Facts of the data sets that are known before any of them is read."""

import re
from typing import Literal

INPUT_SHAPE = (3, 32, 32)
CLASSES = {"cifar10": 10, "cifar100": 100, "synthetic": 10}
TRAINING_IMAGES = {"cifar10": 50_000, "cifar100": 50_000, "synthetic": 5_000}
"""The number that `all` means; of synthetic images there may be as many as CIFAR has."""
MOST_TRAINING_IMAGES, MOST_TEST_IMAGES = 50_000, 10_000

HELD_OUT = 5000
"""Images that validate unless a config says otherwise."""


def held_out(dataset: str, train_size: int | Literal["all"]) -> int:
    """Count the images that validate where it is left open: a tenth of those there are where HELD_OUT would be all.

    At least one of each class, or none where that would leave nothing to learn from.
    """
    images = TRAINING_IMAGES[dataset] if train_size == "all" else train_size
    if images > HELD_OUT:
        return HELD_OUT
    least = max(CLASSES[dataset], images // 10)
    return least if least < images else 0


FOLD = r"^([1-9][0-9]{0,3})/([1-9][0-9]{0,3})$"


def parse_fold(text: str) -> tuple[int, int]:
    """Return (2, 5) for "2/5", the second of five parts. Raises ValueError for anything else."""
    found = re.fullmatch(FOLD, text)
    if not found or not 1 <= int(found[1]) <= int(found[2]) or int(found[2]) < 2:
        raise ValueError(f"a fold is such as 2/5, the second of five, not {text!r}")
    return int(found[1]), int(found[2])


def fold_size(images: int, fold: str) -> int:
    """Count the images in a fold of so many: the first ones take what does not divide."""
    number, folds = parse_fold(fold)
    return images // folds + (number <= images % folds)
