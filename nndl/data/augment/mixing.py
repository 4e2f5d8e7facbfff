"""Two images mixed into one that has a share of both labels.

An image's partner is the next one in the epoch's order, the last one's the first: a random image, the same whatever the
batches, shards and processes are, and augmented already. torchvision's MixUp and CutMix take the one before it in the
batch. Shares and boxes are drawn for each image by itself, from (seed, epoch, index of the image in the training set).
"""

from abc import abstractmethod
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt, Le

from nndl.data import counter
from nndl.data.augment.covering import boxes
from nndl.data.augment.transform import CHANCES, Array, Share, each
from nndl.described import Described, table

QUANTILES = 4097
"""Points of a distribution that is inverted between them."""


@dataclass(frozen=True)
class Mix(Described):
    """A way to mix an image with its partner."""

    stream: ClassVar[int]
    shorthand = "alpha"

    alpha: Annotated[float, Gt(0), Le(100)] = 1.0
    """The image's own share is drawn from Beta(alpha, alpha): evenly with 1, mostly nearly 0 or 1 with 0.2."""
    probability: Share = field(default=1.0, kw_only=True)
    """The probability that an image is mixed."""

    def chosen(self, index: Array, epoch: int, seed: int) -> Array:
        """Tell which images are mixed, bool (N,)."""
        drawn: Array = counter.uniform((seed, CHANCES, self.stream, epoch), index, 1)[0] < self.probability
        return drawn

    @abstractmethod
    def shares(self, index: Array, epoch: int, seed: int, size: tuple[int, int]) -> Array:
        """Return the share (N,) of its own label that each image (H, W) keeps, float64."""

    @abstractmethod
    def mixed(self, X: Array, partners: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return float images (N, C, H, W) mixed with others."""

    def _drawn(self, index: Array, epoch: int, seed: int) -> tuple[Array, Array]:
        """Draw shares (N,) and two more numbers (2, N) from 0 to 1."""
        share, *others = counter.uniform((seed, self.stream, epoch), index, 3)
        return beta_quantile(share, self.alpha), np.array(others)


@dataclass(frozen=True)
class Mixup(Mix):
    """Take the mean of two images and of their labels, weighted by a random share.

    Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: beyond empirical risk minimization" (2018), who draw a share for each
    batch.
    """

    kind = "mixup"
    stream = 20

    alpha: Annotated[float, Gt(0), Le(100)] = 0.2
    """The image's own share is drawn from Beta(alpha, alpha): evenly with 1, mostly nearly 0 or 1 with 0.2."""

    def shares(self, index: Array, epoch: int, seed: int, size: tuple[int, int]) -> Array:
        """Return the share (N,) of each image."""
        del size
        return self._drawn(index, epoch, seed)[0]

    def mixed(self, X: Array, partners: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return the weighted means."""
        share = self._drawn(index, epoch, seed)[0].astype(X.dtype)[:, None, None, None]
        means: Array = X * share + partners * (1 - share)
        return means


@dataclass(frozen=True)
class Cutmix(Mix):
    """Lay a random rectangle of the partner over the image, which keeps the rest of its label.

    Yun, Han, Oh, Chun, Choe and Yoo, "CutMix: regularization strategy to train strong classifiers with localizable
    features" (2019), who draw one rectangle for each batch. It is as wide and high as the image, times the root of the
    drawn share; its middle is anywhere, and what of it lies outside counts for the image.
    """

    kind = "cutmix"
    stream = 21

    def shares(self, index: Array, epoch: int, seed: int, size: tuple[int, int]) -> Array:
        """Return the share (N,) of each image that is its own."""
        (rows, columns), _ = self.rectangles(index, epoch, seed, size)
        return 1 - rows * columns / (size[0] * size[1])

    def mixed(self, X: Array, partners: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return the images with the partners' rectangles."""
        size, corner = self.rectangles(index, epoch, seed, (X.shape[2], X.shape[3]))
        return np.where(boxes(corner, size, *X.shape[2:]), partners, X)

    def rectangles(self, index: Array, epoch: int, seed: int, size: tuple[int, int]) -> tuple[Array, Array]:
        """Draw sizes and upper left corners, int64 (2, N) each, rows first, of what lies within the image."""
        share, places = self._drawn(index, epoch, seed)
        sides = np.array(size)[:, None]
        half, middle = (0.5 * np.sqrt(1 - share) * sides).astype(np.int64), (places * sides).astype(np.int64)
        corner = np.maximum(middle - half, 0)
        return np.minimum(middle + half, sides) - corner, corner


MIXES: dict[str, type[Mix]] = table(Mixup, Cutmix)
"""The ways to mix by their names in YAML."""


@dataclass(frozen=True)
class Mixing:
    """Ways to mix, of which each image undergoes the first that its coin falls for, and the number of classes."""

    ways: tuple[Mix, ...]
    classes: int

    def images(self, X: Array, partners: Array, index: Array, epoch: int, seed: int) -> Array:
        """Return float images (N, C, H, W), some of them mixed with their partners."""
        out = X.copy()
        for way, chosen in self._by_way(index, epoch, seed):
            out[chosen] = way.mixed(X[chosen], partners[chosen], index[chosen], epoch, seed)
        return out

    def shares(self, index: Array, epoch: int, seed: int, size: tuple[int, int]) -> Array:
        """Return the share (N,) of its own label that each image (H, W) keeps, 1 where it is not mixed; float64."""
        shares = np.ones(len(index))
        for way, chosen in self._by_way(index, epoch, seed):
            shares[chosen] = way.shares(index[chosen], epoch, seed, size)
        return shares

    def targets(self, y: Array, partners: Array, shares: Array) -> Array:
        """Return the distributions over the classes (N, classes), float64, of labels int64 (N,) and shares (N,)."""
        rows, target = np.arange(len(y)), np.zeros((len(y), self.classes))
        target[rows, y] = shares
        target[rows, partners] += 1 - shares
        return target

    def _by_way(self, index: Array, epoch: int, seed: int) -> list[tuple[Mix, Array]]:
        """Return each way with the places of the images that undergo it, int64 (n,)."""
        left, found = np.ones(len(index), np.bool_), []
        for way in self.ways:
            chosen = left & way.chosen(index, epoch, seed)
            left &= ~chosen
            found.append((way, np.flatnonzero(chosen)))
        return [(way, chosen) for way, chosen in found if len(chosen)]


def beta_quantile(probability: Array, alpha: float) -> Array:
    """Return the numbers (N,) float64 below which Beta(alpha, alpha) lies with these probabilities (N,), to 3e-4."""
    half = np.minimum(probability, 1 - probability).astype(np.float64)
    distribution, places = _beta(alpha)
    power = max(1 / alpha, 1.0)
    below = 0.5 * each(lambda place: place**power, np.interp(half, distribution, places))
    return np.where(probability > 0.5, 1 - below, below)


@cache
def _beta(alpha: float) -> tuple[Array, Array]:
    """Return the distribution function of Beta(alpha, alpha) up to 1/2, at x = s^k / 2 for s from 0 to 1, and s.

    k, 1 or 1 / alpha, makes the density over s finite: s^max(alpha - 1, 0) (1 - x)^(alpha - 1), times a constant.
    """
    places, power = np.linspace(0, 1, QUANTILES), max(1 / alpha, 1.0)
    density = places ** max(alpha - 1, 0) * (1 - 0.5 * places**power) ** (alpha - 1)
    total = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return total / (2 * total[-1]), places
