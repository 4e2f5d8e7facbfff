"""Filters that whiten: their outputs on the images they were computed from are uncorrelated, of equal variance.

Page, "How to train your ResNet 8: Bag of tricks" (2019); Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU"
(2024).
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nndl.conv2d_layers import Sides, both
from nndl.net.types import Array

IMAGES = 5000
"""The count of images that the filters are computed from: their patches are some millions, and similar."""


def whitening_filters(images: Array, kernel: Sides, eps: float) -> Array:
    """Compute filters (2 D, C, HH, WW), D = C * HH * WW, float64, for images (N, C, H, W); kernel is (HH, WW) or both.

    With the patches as the rows of P, P'P / n = V diag(variances) V'. The first D filters are the columns of V, each
    over sqrt(variance + eps), the directions of largest variance first; the last D are the same with the sign turned,
    so that an activation behind them keeps both halves.
    """
    height, width = both(kernel)
    windows = sliding_window_view(images, (height, width), (2, 3))
    size = images.shape[1] * height * width
    products, patches = np.zeros((size, size)), 0
    for image in np.array_split(windows, max(1, len(images) // 100)):
        P = image.transpose(0, 2, 3, 1, 4, 5).reshape(-1, size).astype(np.float64)
        products += P.T @ P
        patches += len(P)
    variances, V = np.linalg.eigh(products / patches)
    scaled = (V / np.sqrt(np.maximum(variances, 0.0) + eps)).T[::-1]
    return np.concatenate((scaled, -scaled)).reshape(2 * size, images.shape[1], height, width)
