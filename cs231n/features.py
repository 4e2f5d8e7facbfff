"""The features of assignment 1's last notebook: histograms of gradients' directions and of hues."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.errors import MissingExtraError

Array = NDArray[Any]

__all__ = ["color_histogram_hsv", "extract_features", "hog_feature", "rgb2gray"]

CELL, ORIENTATIONS = 8, 9
"""Pixels along a cell's side, and the directions that are told apart in each."""


def extract_features(imgs: Array, feature_fns: Sequence[Callable[[Array], Array]], verbose: bool = False) -> Array:
    """Images (N, H, W, C) -> float64 (N, F): what each function gives for an image, (F_i,), side by side."""
    rows = []
    for count, image in enumerate(imgs, 1):
        rows.append(np.hstack([function(image.squeeze()) for function in feature_fns]))
        if verbose and count % 1000 == 0:
            print(f"Done extracting features for {count} / {len(imgs)} images")
    return np.array(rows, np.float64)


def rgb2gray(rgb: Array) -> Array:
    """(H, W, 3) -> (H, W); the course weighs blue with 0.144, where the usual weight is 0.114."""
    return np.asarray(rgb[..., :3] @ np.array([0.299, 0.587, 0.144]))


def hog_feature(im: Array) -> Array:
    """(H, W, 3) or (H, W) -> float64 (H // 8 * W // 8 * 9,): how strong the gradients of each direction are, by cell.

    Histograms of oriented gradients (Dalal and Triggs, CVPR 2005), as the course has them: cells of 8 x 8 pixels, nine
    directions of 20 degrees, the mean strength over the cell, and no blocks.
    """
    gray = rgb2gray(im) if im.ndim == 3 else np.asarray(im, np.float64)
    gx, gy = np.zeros(gray.shape), np.zeros(gray.shape)
    gx[:, :-1], gy[:-1] = np.diff(gray, axis=1), np.diff(gray, axis=0)
    strength = np.sqrt(gx**2 + gy**2)
    angle = np.arctan2(gy, gx + 1e-15) * (180 / np.pi) + 90  # -90 to 270; beyond 180 no direction takes it
    rows, columns = gray.shape[0] // CELL, gray.shape[1] // CELL
    histogram = np.zeros((columns, rows, ORIENTATIONS))
    for i in range(ORIENTATIONS):
        inside = (angle < 180 / ORIENTATIONS * (i + 1)) & (angle >= 180 / ORIENTATIONS * i) & (angle > 0)
        cells = np.where(inside, strength, 0)[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL)
        histogram[:, :, i] = cells.mean(axis=(1, 3)).T
    return histogram.ravel()


def color_histogram_hsv(
    im: Array, nbin: int = 10, xmin: float = 0, xmax: float = 255, normalized: bool = True
) -> Array:
    """(H, W, 3), xmin to xmax -> float64 (nbin,): how often each hue is met. Needs matplotlib."""
    try:
        from matplotlib.colors import rgb_to_hsv
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "color_histogram_hsv") from None
    bins = np.linspace(xmin, xmax, nbin + 1)
    hue = rgb_to_hsv(im / xmax)[:, :, 0] * xmax
    histogram, _ = np.histogram(hue, bins=bins, density=normalized)
    return np.asarray(histogram * np.diff(bins))
