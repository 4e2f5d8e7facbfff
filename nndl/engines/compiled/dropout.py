"""Dropout by the compiled kernels."""

from math import ceil, prod

import numpy as np

from nndl.engines.compiled.bindings import kernels
from nndl.engines.shared.dropout import DropoutStep
from nndl.engines.shared.philox import place_of, skip
from nndl.net.types import Array

DOUBLES = 2.0**53
"""The doubles that a generator draws from [0, 1): the multiples of 1 / DOUBLES."""


class CompiledDropoutStep(DropoutStep):
    """The generator's stream is computed anew, every example's part by itself."""

    def draw(self, count: int, random: np.random.Generator) -> None:
        place, size = place_of(random), prod(self.site.shape)
        channels = self.site.shape[0] if self.last else 1
        where = (place.counter.view(np.uint8), place.key.view(np.uint8), place.word)
        kernels().dropout_draw(count, channels, size // channels, *where, ceil(self.p * DOUBLES), self.kept)
        skip(random, count * size)

    def multiply(self, x: Array, out: Array) -> None:
        kernels().dropout(x.size, 1 / self.p, x, self.kept, out)
