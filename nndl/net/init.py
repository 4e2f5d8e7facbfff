"""The weights that training starts from."""

from typing import Literal

import numpy as np

from nndl.net.types import Array

Init = Literal["he", "xavier", "normal", "uniform", "dirac", "whitening", "zeros"]


def initial_weights(
    kind: Init,
    shape: tuple[int, ...],
    fan_in: int,
    fan_out: int,
    weight_scale: float,
    random: np.random.Generator,
    groups: int = 1,
) -> Array:
    """Draw weights of `shape`, float64.

    he:        normal, variance 2 / fan_in, which keeps the scale through ReLU (He et al. 2015)
    xavier:    normal, variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010)
    normal:    normal, standard deviation weight_scale (the courses)
    uniform:   uniform within 1 / sqrt(fan_in) of zero, where PyTorch's layers start
    dirac:     filter i of a group passes input channel i of it on unchanged; filters beyond those start as uniform
    whitening: computed from the training images before the first step (`nndl.net.whitening`); until then as uniform
    zeros:     zeros
    """
    if kind == "zeros":
        return np.zeros(shape)
    if kind == "normal":
        return random.normal(0.0, weight_scale, shape)
    if kind == "xavier":
        return random.normal(0.0, np.sqrt(2.0 / (fan_in + fan_out)), shape)
    if kind == "he":
        return random.normal(0.0, np.sqrt(2.0 / fan_in), shape)
    bound = 1 / np.sqrt(fan_in)
    weights = random.uniform(-bound, bound, shape)
    if kind == "dirac":
        for filters in np.split(weights, groups):
            _set_identity(filters)
    return weights


def _set_identity(filters: Array) -> None:
    """Make the first filters of (F, C, HH, WW) copy their own input channel."""
    passed = min(filters.shape[:2])
    centre = filters.shape[2] // 2, filters.shape[3] // 2
    filters[:passed] = 0.0
    filters[range(passed), range(passed), centre[0], centre[1]] = 1.0
