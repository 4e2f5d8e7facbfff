"""A validation set held out of the training set: the same images whenever size, or fold, and seed are the same."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.data import counter
from nndl.errors import DataError


def stratified_split(labels: NDArray[Any], validation_size: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Draw indices for training and validation, sorted int64 (N - validation_size,) and (validation_size,), disjoint.

    Each class gives its share of validation_size, rounded down or up (largest remainders first).
    Raises DataError unless 0 <= validation_size < N.
    """
    count = len(labels)
    if not 0 <= validation_size < count:
        raise DataError(f"validation_size is {validation_size}, but must be from 0 to {count - 1} with {count} images")
    classes, sizes = np.unique(labels, return_counts=True)
    shares = sizes * validation_size // count
    remainders = sizes * validation_size % count
    shares[np.argsort(-remainders, kind="stable")[: validation_size - shares.sum()]] += 1
    shuffled = np.argsort(counter.bits((seed,), np.arange(count), 1)[0], kind="stable")
    validation = [shuffled[labels[shuffled] == label][:share] for label, share in zip(classes, shares, strict=True)]
    held_out = np.zeros(count, bool)
    held_out[np.concatenate(validation)] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def stratified_fold(labels: NDArray[Any], fold: int, folds: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Draw indices for training and validation, sorted int64 and disjoint: validation is part `fold` of 1 to `folds`.

    The parts cover all images, each once; their sizes, and the numbers of each class in them, differ by one at most.
    Raises DataError unless 1 <= fold <= folds and 2 <= folds <= N.
    """
    count = len(labels)
    if not 1 <= fold <= folds or not 2 <= folds <= count:
        raise DataError(f"there is no fold {fold} of {folds} with {count} images")
    shuffled = np.argsort(counter.bits((seed,), np.arange(count), 1)[0], kind="stable")
    dealt = shuffled[np.argsort(labels[shuffled], kind="stable")]  # class after class, one card to each fold in turn
    held_out = np.zeros(count, bool)
    held_out[dealt[fold - 1 :: folds]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)
