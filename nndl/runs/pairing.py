"""Two sets of runs compared pair by pair: the same seeds, or the same folds, of one config and of another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from nndl.errors import UsageError
from nndl.runs.listing import Row
from nndl.runs.sets import Bundle

FIGURES = {"test accuracy": "test", "validation accuracy": "last_validation"}
"""The figures compared; validation after the last epoch, since the best one is chosen by the same images."""
CONFIDENCE = 0.95
SAME_IMAGES = ("dataset", "train_size", "split_seed")
"""Keys of data on which it depends which images a fold holds out."""


@dataclass(frozen=True)
class Pair:
    """One seed, or one fold, in both sets."""

    name: str
    one: float
    other: float

    @property
    def difference(self) -> float:
        """The height of the other above the one."""
        return self.other - self.one


@dataclass(frozen=True)
class Paired:
    """A figure in two sets of runs, pair by pair."""

    figure: str
    kind: str
    """Seeds, or folds."""
    pairs: tuple[Pair, ...]
    mean: float
    """Of the differences."""
    deviation: float | None
    """Their standard deviation (n - 1); None for a single one."""
    interval: tuple[float, float] | None
    """In which their mean lies with 95 % confidence, by Student's t."""


def paired(one: Bundle, other: Bundle) -> list[Paired]:
    """Compare the finished runs that two sets have of the same seeds or folds, in every figure that they have.

    The interval assumes that the differences are independent and normally distributed. Those of k folds are not
    independent, since any two share most of their training images: theirs is widened after Nadeau and Bengio (2003),
    the variance of the mean being taken as (1 / n + 1 / (k - 1)) times that of a difference. Raises UsageError where
    the sets have no seed or fold in common, and for folds of other images.
    """
    common = _in_common(one, other)
    kind = one.kind
    if kind == "folds":
        _refuse_other_images(*common[0][1:])
    found = []
    for figure, attribute in FIGURES.items():
        values = [(name, getattr(a, attribute), getattr(b, attribute)) for name, a, b in common]
        pairs = tuple(Pair(name, a, b) for name, a, b in values if a is not None and b is not None)
        if pairs:
            found.append(_compared(figure, kind, pairs))
    return found[::-1] if kind == "folds" else found


def _in_common(one: Bundle, other: Bundle) -> list[tuple[str, Row, Row]]:
    """List what both have finished, by name; in the order of the one."""
    there = {(row.seed, row.fold): row for row in other.drawn if row.status == "finished"}
    rows = [(row, there[row.seed, row.fold]) for row in one.drawn if (row.seed, row.fold) in there]
    if not rows or rows[0][0].status != "finished":
        raise UsageError(f"{one.folder} and {other.folder} have no finished run of the same seed and fold to compare")
    return [(f"fold {row.fold}" if one.kind == "folds" else f"seed {row.seed}", row, same) for row, same in rows]


def _refuse_other_images(one: Row, other: Row) -> None:
    data, others = one.tree.get("data", {}), other.tree.get("data", {})
    for key in SAME_IMAGES:
        if data.get(key) != others.get(key):
            words = f"data.{key} is {data.get(key)} in one and {others.get(key)} in the other"
            raise UsageError(f"the folds of {one.name} and {other.name} hold out other images: {words}")


def _compared(figure: str, kind: str, pairs: Sequence[Pair]) -> Paired:
    differences = [pair.difference for pair in pairs]
    count, middle = len(pairs), mean(differences)
    if count < 2:
        return Paired(figure, kind, tuple(pairs), middle, None, None)
    deviation = stdev(differences)
    folds = int(pairs[0].name.partition("/")[2]) if kind == "folds" else None
    variance = deviation**2 * (1 / count + (1 / (folds - 1) if folds else 0))
    half = t_quantile((1 + CONFIDENCE) / 2, count - 1) * math.sqrt(variance)
    return Paired(figure, kind, tuple(pairs), middle, deviation, (middle - half, middle + half))


def t_quantile(share: float, degrees: int) -> float:
    """Return what Student's t with so many degrees of freedom exceeds in 1 - share of cases, share >= 1/2.

    t = sqrt(degrees) tan(a) has in a a density proportional to cos(a) ** (degrees - 1), which is integrated.
    """
    import numpy as np

    angles = np.linspace(0, np.pi / 2, 100_001)
    density = np.cos(angles) ** (degrees - 1)
    area = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return float(math.sqrt(degrees) * np.tan(np.interp((2 * share - 1) * area[-1], area, angles)))
