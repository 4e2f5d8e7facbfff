"""Running statistics computed anew: those of the weights as they are, over images as training shows them."""

from collections.abc import Callable, Iterable

import numpy as np

from nndl.net.network import Network
from nndl.net.types import Array


def recompute(
    network: Network, batches: Iterable[tuple[Array, Array]], seen: Callable[[int, int], None] = lambda *_: None
) -> None:
    """Set the running statistics to the mean, over the images, of what each of the batches (X, y) has by itself.

    PyTorch's update_bn, but that a smaller last batch counts by its images. `seen` is told how many images
    were passed, in how many batches; where it raises, the statistics are as they were.
    """
    if not network.buffers:
        return
    before, vector = network.buffers.vector.copy(), network.buffers.vector
    total, images = np.zeros(vector.size), 0
    try:
        for number, (X, _) in enumerate(batches, start=1):
            network.set_statistics(X)
            total += len(X) * vector.astype(np.float64)
            images += len(X)
            seen(images, number)
    except BaseException:
        vector[:] = before
        raise
    vector[:] = total / images if images else before
