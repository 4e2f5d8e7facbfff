"""Training images made smaller for the early part of training, when coarse features are learnt and small images do."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Le, MinLen
from numpy.typing import NDArray

from nndl.described import Described, table

Array = NDArray[Any]
Interpolation = Literal["area", "bilinear"]

AT_ONCE = 64
"""Images scaled at a time: few enough that what is computed on the way stays in the cache."""


@dataclass(frozen=True, kw_only=True)
class Resolution(Described):
    """Sizes of the training images, in stages (Howard 2018; Touvron et al. 2019 on what changes with the size).

    Images are augmented whole, then scaled down. Scoring is always at the full size, which the last stage has. With
    each size the running statistics of batch norm begin anew, so that the last ones are of full images alone.
    """

    kind = "schedule"
    shorthand = "stages"

    stages: Annotated[
        tuple[tuple[Annotated[float, Ge(0), Le(1)], Annotated[int, Ge(1)]], ...],
        MinLen(1),
    ]
    """[share of training, rows of pixels] pairs: the size from that share of the steps on. The first share is 0."""
    interpolation: Interpolation = "area"
    """Each pixel the mean of what it covers, or between the two nearest ones each way, as PyTorch's bilinear."""

    def __post_init__(self) -> None:
        shares = [share for share, _ in self.stages]
        if shares[0] != 0:
            raise ValueError(f"stages begin with the share 0, not {shares[0]:g}")
        if not all(earlier < later for earlier, later in pairwise(shares)):
            raise ValueError("stages should be in rising order of shares")
        if shares[-1] >= 1:
            raise ValueError("stages: the last share should be less than 1")

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of the stages, in order, as rows of pixels."""
        return tuple(size for _, size in self.stages)

    def size(self, step: int, steps: int) -> int:
        """Return the size in step 0, 1, ... of `steps`; the last step has the last one, however short training is."""
        begun = [size for share, size in self.stages if step >= round(share * steps)]
        return self.sizes[-1] if step == steps - 1 else begun[-1]

    def at(self, steps: int) -> Callable[[Array, int], Array]:
        """Return what makes a batch (N, C, H, W) of step 0, 1, ... of `steps` as small as it is to be."""
        return lambda X, step: scaled(X, self.size(step, steps), self.interpolation)


RESOLUTIONS: dict[str, type[Resolution]] = table(Resolution)
"""The ways of choosing sizes by their names in YAML."""


def at_height(shape: tuple[int, ...], size: int) -> tuple[int, int, int]:
    """Return the shape of an image (C, H, W) scaled to `size` rows, and to columns in proportion."""
    channels, height, width = shape
    return channels, size, max(1, round(width * size / height))


def scaled(X: Array, size: int, how: Interpolation = "area") -> Array:
    """Scale float images (N, C, H, W) to `size` rows, and to columns in proportion.

    What an image becomes does not depend, in any bit, on those beside it: processes may share a batch.
    """
    (height, width), shape = X.shape[2:], at_height(X.shape[1:], size)
    if X.shape[1:] == shape:
        return X
    out = np.empty((len(X), *shape), X.dtype)
    for start in range(0, len(X), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        _along(_along(X[some], 2, height, shape[1], how), 3, width, shape[2], how, out[some])
    return out


def _along(x: Array, axis: int, before: int, after: int, how: Interpolation, out: Array | None = None) -> Array:
    """Scale one axis of x, as sums taken in a fixed order."""
    shape = list(x.shape)
    shape[axis] = after
    out = np.empty(shape, x.dtype) if out is None else out
    source, target = np.moveaxis(x, axis, 0), np.moveaxis(out, axis, 0)
    for i, row in enumerate(weights(before, after, how)):
        first, *others = np.flatnonzero(row)
        np.multiply(source[first], x.dtype.type(row[first]), out=target[i])
        for k in others:
            target[i] += source[k] * x.dtype.type(row[k])
    return out


@cache
def weights(before: int, after: int, how: Interpolation) -> Array:
    """Return the matrix (after, before), float64, whose rows make pixels of those there are; each row sums to 1."""
    new, old = np.arange(after)[:, None] * before, np.arange(before) * after  # both in 1 / after of an old pixel: exact
    if how == "area":
        overlap = np.minimum(new + before, old + after) - np.maximum(new, old)
        return np.maximum(overlap, 0) / before
    centre = np.clip(new + (before - after) / 2, 0, old[-1])
    return np.maximum(after - np.abs(centre - old), 0) / after
