"""The trust that a network's confidence, and a measured accuracy, deserve."""

from math import sqrt

import numpy as np

from nndl.net.types import Array

BINS = 15
"""Of equal width in confidence, as Guo et al. take them."""


def softmax(scores: Array) -> Array:
    """Return probabilities float64 (N, classes) of scores (N, classes)."""
    with np.errstate(invalid="ignore"):  # scores that are not finite have probabilities that are not
        e = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def reliability(scores: Array, y: Array) -> Array:
    """Return float64 (BINS, 3): of each bin of confidence its images, the sum of their confidences, how many are right.

    The confidence is the highest probability; bin b holds those in (b / BINS, (b + 1) / BINS].
    """
    probabilities = softmax(scores)
    taken = np.argmax(probabilities, axis=1)
    confidence = probabilities[np.arange(len(y)), taken]
    bins = np.searchsorted(np.arange(1, BINS) / BINS, confidence)
    table = np.zeros((BINS, 3))
    np.add.at(table, bins, np.stack([np.ones(len(y)), confidence, taken == y], axis=1))
    return table


def calibration_error(reliability: Array) -> float:
    """Return the expected calibration error: |accuracy - confidence| of bins, averaged by images (Guo et al. 2017)."""
    images, confidence, right = reliability.T
    return float(np.abs(right - confidence).sum() / max(1.0, images.sum()))


def wilson_interval(correct: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the interval that holds the true accuracy with 95 % confidence (z deviations), of 1 (Wilson 1927)."""
    if not total:
        return 0.0, 1.0
    share = correct / total
    centre = share + z * z / (2 * total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    below, above = (centre - half) / (1 + z * z / total), (centre + half) / (1 + z * z / total)
    return max(0.0, below), min(1.0, above)
