"""Many images in one: grids for plt.imshow, in plain NumPy."""

from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def visualize_grid(Xs: Array, ubound: float = 255.0, padding: int = 1) -> Array:
    """Xs (N, H, W, C) -> a square grid of them, each stretched to 0 .. ubound, `padding` black pixels between."""
    side = ceil(sqrt(len(Xs)))
    return _grid([_stretched(image) * ubound for image in Xs], side, side, padding, 0.0)


def vis_grid(Xs: Array) -> Array:
    """Xs (N, H, W, C) -> a square grid from 0 to 1, a line of the darkest value between."""
    side = ceil(sqrt(len(Xs)))
    return _stretched(_grid(list(Xs), side, side, 1, float(np.min(Xs))))


def vis_nn(rows: list[list[Array]]) -> Array:
    """rows of images (H, W, C) -> one grid from 0 to 1 with a row for each, a line of the darkest value between."""
    images = [image for row in rows for image in row]
    return _stretched(_grid(images, len(rows), len(rows[0]), 1, float(np.min(images))))


def _stretched(image: Array) -> Array:
    """Return it from darkest to brightest as 0 to 1; a plain image becomes 0."""
    low, high = float(np.min(image)), float(np.max(image))
    return (image - low) / (high - low if high > low else 1.0)


def _grid(images: list[Array], rows: int, columns: int, padding: int, background: float) -> Array:
    """Return images of one shape (H, W, C) as one, row by row."""
    H, W, C = images[0].shape
    height, width = H + padding, W + padding
    grid = np.full((rows * height - padding, columns * width - padding, C), background)
    for number, image in enumerate(images):
        top, left = number // columns * height, number % columns * width
        grid[top : top + H, left : left + W] = image
    return grid
