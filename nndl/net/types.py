"""The few types every room shares."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]
"""The shape of one example, without the batch axis: (3, 32, 32) or (128,)."""

Mode = Literal["train", "test"]
Layout = Literal["nchw", "nhwc", "flat"]
"""The order of a batch in memory. Its logical shape is always (N, C, H, W), or (N, D) for "flat"."""

Streams = Callable[[str], np.random.Generator]
"""A source of independent random streams, one for each name asked for."""


def layout_of(shape: Shape) -> Layout:
    """Return the layout in which people and the reference layers hold an example of this shape."""
    return "nchw" if len(shape) == 3 else "flat"
