"""The update of the parameters by the compiled kernel: one pass over them, with the bits of the rule's own passes."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from nndl.engines.compiled import abi
from nndl.engines.compiled.bindings import kernels
from nndl.net.contract import Part, Update
from nndl.net.types import Array

NUMBERS = 9
"""Floats of a part, as kernels/update.c counts them: shrink, pull, and up to seven scalars of the rule."""

FORMULAS = {
    "sgd": abi.SGD,
    "sgd_momentum": abi.SGD_MOMENTUM,
    "sgd_nesterov_momentum": abi.SGD_NESTEROV_MOMENTUM,
    "rmsprop": abi.RMSPROP,
    "adam": abi.ADAM,
    "adamw": abi.ADAM,
    "sgd_pytorch": abi.SGD_PYTORCH,
    "lion": abi.LION,
    "muon": abi.SGD_PYTORCH,  # all that are no filters
}


def _update(formula: int, parts: Sequence[Part], w: Array, dw: Array, memory: Sequence[Array]) -> list[float]:
    if {array.size for array in (dw, *memory)} - {w.size}:
        raise ValueError(f"{w.size} parameters have as many gradients, not {dw.size}")
    places = np.array([(part.place.start, part.place.stop - part.place.start) for part in parts], np.int32)
    numbers = np.zeros((len(parts), NUMBERS), np.float32)
    for row, part in zip(numbers, parts, strict=True):
        row[: 2 + len(part.scalars)] = (part.shrink, part.pull, *part.scalars)
    first, second = (*memory, None, None)[:2]
    squares = np.empty(len(parts))
    kernels().update(formula, len(parts), places, numbers, dw, w, first, second, squares)
    return squares.tolist()


UPDATES: dict[str, Update] = {kind: partial(_update, formula) for kind, formula in FORMULAS.items()}
"""Each rule that has a kernel."""
