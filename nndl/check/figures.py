"""The figures that the courses publish for spatial batch normalisation, and how to measure them.

Source: the convolutional-network notebooks of CS231n (assignment 2) and of ECE C147/C247/239AS (homework 5). They draw
x = 4 * randn(2, 3, 4, 5) + 10, unseeded in the latter, so deviations agree to the sixth or seventh digit, not beyond:
the deviation is |gamma| sqrt(var / (var + eps)) with var near 16 and eps 1e-5, about |gamma| (1 - 3e-7).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SHAPE = (2, 3, 4, 5)
"""N, C, H, W of the notebooks' x."""

GRADIENT_ERRORS = {"x": 1e-8, "gamma": 1e-11, "beta": 1e-11}
"""The relative errors the notebooks print for spatial_batchnorm_backward, or less."""


@dataclass(frozen=True)
class Figures:
    """Means and standard deviations per channel, for a gamma and a beta."""

    gamma: tuple[float, ...]
    beta: tuple[float, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]


PUBLISHED = (
    Figures((1, 1, 1), (0, 0, 0), (0, 0, 0), (0.9999996, 0.9999996, 0.9999996)),
    Figures((3, 4, 5), (6, 7, 8), (6, 7, 8), (2.9999988, 3.99999877, 4.99999834)),
)
MEANS_WITHIN = 1e-14
"""The notebooks print means about 1e-16; those of size 8 have an ulp of 2e-15."""
DEVIATIONS_WITHIN = 3e-7
"""Per unit of gamma: what another draw of x changes."""


def notebook_batch(seed: int = 0) -> Array:
    """Draw x as the notebooks do: mean 10, standard deviation 4."""
    return 4 * np.random.default_rng(seed).standard_normal(SHAPE) + 10


def measure(forward: Callable[..., tuple[Array, Any]], x: Array, gamma: Any, beta: Any) -> tuple[Array, Array]:
    """Return means and standard deviations per channel, (C,) each, of forward(x, gamma, beta, bn_param) in training."""
    out, _ = forward(x, np.array(gamma, x.dtype), np.array(beta, x.dtype), {"mode": "train"})
    return out.mean(axis=(0, 2, 3)), out.std(axis=(0, 2, 3))


def agrees(published: Figures, means: Array, deviations: Array) -> bool:
    """Tell whether measured figures are the published ones, as far as those reach."""
    means_agree = np.abs(means - published.means) <= MEANS_WITHIN
    deviations_agree = np.abs(deviations - published.deviations) <= DEVIATIONS_WITHIN * np.array(published.gamma)
    return bool(means_agree.all() and deviations_agree.all())
