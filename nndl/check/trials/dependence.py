"""Dependence of what a network gives on what it is given: on other images of the batch, and on every pixel."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from nndl.check.report import scatter
from nndl.net.catalog.norm import Bn, SpatialBn
from nndl.net.network import Network
from nndl.net.plan import PlannedStep
from nndl.net.shapes import everything
from nndl.net.types import Array, Mode

MOVED = 1e-5
"""Of the largest number around, the change that counts as one: rounding comes to less."""
IMAGES = 4
"""In the batch whose first one is changed."""
BUMP = 20.0
"""Added to a pixel, whose deviation is about 1: enough to win any maximum, or, subtracted, to open any ReLU."""
PART = 128
"""Images, each with another pixel changed, that are scored at a time."""
BASES = 2
"""Images whose pixels are changed, and by how much: up, then, those that moved nothing, down."""


def mixing(network: Network, X: Array, mode: Mode) -> list[str]:
    """Name the layers, in `mode`, that make what they give for an image depend on another image of the batch.

    X (N, C, H, W), N >= 3. Each step is given a batch twice, the second time with another first image; layers that draw
    random numbers are left out. Parameters, gradients and running statistics stay as they are.
    """
    twin = network.twin(network.engine) if mode == "train" else network
    first, second = np.array(X, network.dtype), np.array(X, network.dtype)
    second[0] = second[0, :, ::-1] * 1.5 + 1.0
    drawing = {placed.path for placed in everything(network.placed) if placed.layer.draws}
    steps = twin.chain(mode).steps
    return list(_mixing(steps, first, second, drawing, lambda: twin.seed_dropout(0)))


def _mixing(
    steps: Sequence[PlannedStep], first: Array, second: Array, drawing: set[str], seed: Callable[[], None]
) -> Iterator[str]:
    """`seed` has what draws within a block draw the same for both batches."""
    for planned in steps:
        if drawing.intersection(planned.paths):
            continue
        seed()
        one = planned.step.forward(first).copy(order="K")
        seed()
        other = planned.step.forward(second).copy(order="K")
        if _moved(one[1:], other[1:]):
            inner = [name for branch in planned.branches for name in _mixing(branch, first, second, drawing, seed)]
            yield from inner or [" + ".join(planned.paths)]
        first, second = one, one.copy(order="K")
        second[0] = other[0]


def _moved(one: Array, other: Array) -> bool:
    size = float(np.abs(one).max(initial=0.0))
    return bool(np.abs(one - other).max(initial=0.0) > MOVED * size)


def may_mix(network: Network) -> set[str]:
    """Return the paths of the layers that may mix images in training: batch norm alone."""
    return {placed.path for placed in everything(network.placed) if isinstance(placed.layer, Bn | SpatialBn)}


def unseen_pixels(
    network: Network,
    X: Array,
    seen: Callable[[int, int], None] = lambda *_: None,
    over: Callable[[], bool] = lambda: False,
    part: int = PART,
) -> Array:
    """Find the pixels, bool (H, W), that no score depends on in test mode, as changes of images X (N, C, H, W) show.

    Weights are drawn as He does, since those that begin at zero hide all behind them; call it with a network of its
    own. `seen` is told how many changes are done, of how many there may be. Where `over` says so, it ends with the
    places that are left then. part: images that are scored at a time.
    """
    scatter(network, np.random.default_rng(0))
    _, height, width = network.input_shape
    unseen = np.ones(height * width, bool)
    tries = [(image, sign * BUMP) for image in X[:BASES] for sign in (1, -1)]
    for number, (image, bump) in enumerate(tries):
        for places in _parts(np.flatnonzero(unseen), part):
            if over():
                return unseen.reshape(height, width)
            unseen[places] = ~_changes(network, image, places, bump)
        seen(number + 1, len(tries))
        if not unseen.any():
            break
    return unseen.reshape(height, width)


def _parts(places: Array, size: int) -> Iterator[Array]:
    for start in range(0, len(places), size):
        yield places[start : start + size]


def _changes(network: Network, image: Array, places: Array, bump: float) -> Array:
    """Tell, bool (n,), whether any score moves when all colours at a place of the image do."""
    batch = np.repeat(image[None], len(places) + 1, axis=0)
    flat = batch.reshape(len(batch), len(image), -1)
    flat[np.arange(len(places)), :, places] += bump
    scores = network.scores(batch)
    size = float(np.abs(scores[-1]).max(initial=1e-30))
    return np.asarray(np.abs(scores[:-1] - scores[-1]).max(axis=1) > 1e-2 * MOVED * size)
