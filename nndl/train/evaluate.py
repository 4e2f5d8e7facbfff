"""Scoring a network on images, in test mode."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from nndl.net.losses import Loss, SoftmaxLoss
from nndl.net.network import Network
from nndl.net.types import Array
from nndl.train.calibration import BINS, calibration_error, reliability, wilson_interval
from nndl.train.views import Tta, first_pass, parts_of, scores_of_views, with_more_views


class EvaluationStoppedError(Exception):
    """The evaluation was asked to stop before its end."""


@dataclass(frozen=True)
class Result:
    """The scores of a network on a set of images."""

    loss: float
    """Mean over the images, of the network's own loss, without L2."""
    confusion: Array
    """(classes, classes) int64: images of class i that were taken for class j."""
    top5: float
    """Share of images whose class is among the five highest scores."""
    reliability: Array | None = None
    """(bins, 3): images, summed confidence and right ones by confidence; None where scores are no log-probabilities."""

    def __repr__(self) -> str:
        return f"Result(loss {self.loss:.4f}, accuracy {100 * self.accuracy:.2f} % of {self.confusion.sum():,} images)"

    @property
    def accuracy(self) -> float:
        """Share of images taken for what they are."""
        return float(np.trace(self.confusion) / max(1, self.confusion.sum()))

    @property
    def interval(self) -> tuple[float, float]:
        """The interval that holds the accuracy on all images like these with 95 % confidence (Wilson's)."""
        return wilson_interval(int(np.trace(self.confusion)), int(self.confusion.sum()))

    @property
    def calibration_error(self) -> float | None:
        """Expected calibration error, a share of 1; None where the scores are no log-probabilities (svm loss)."""
        return None if self.reliability is None else calibration_error(self.reliability)

    @property
    def correct(self) -> Array:
        """(classes,) int64: images of each class taken for what they are."""
        return np.diagonal(self.confusion)

    @property
    def total(self) -> Array:
        """(classes,) int64: images of each class."""
        return np.asarray(self.confusion.sum(axis=1))


def evaluate(
    network: Network,
    images: Array,
    labels: Array,
    normalize: Callable[[Array], Array],
    batch_size: int = 500,
    stopped: Callable[[], bool] = lambda: False,
    tta: Tta = "none",
    seen: Callable[[int, int], None] = lambda *_: None,
) -> Result:
    """Score images uint8 (N, 3, H, W) with labels (N,); `normalize` makes a batch of them the network's input.

    `tta` is the test-time augmentation: scores are averaged over such views of each image, or of the least certain.

    `stopped` is asked before each batch; where it says yes, EvaluationStoppedError is raised. `seen` is told after each
    how many images are scored, of how many.
    """

    def scored() -> Iterator[tuple[Array, Array]]:
        for part in batches(len(labels), batch_size):
            if stopped():
                raise EvaluationStoppedError
            yield scores_of_views(network.scores, images[part], normalize, first_pass(tta)), labels[part]
            seen(part.stop, len(labels))

    of = Evaluator(images, labels, normalize, batch_size, tta)
    return result_of(of.refined(scored(), network, stopped), network.loss_function)


def result_of(parts: Iterable[tuple[Array, Array]], loss_function: Loss) -> Result:
    """Return the result of images; scores (n, classes) and labels (n,) come in parts. Raises ValueError for none."""
    loss, among_five, count, confusion = 0.0, 0, 0, None
    bins = np.zeros((BINS, 3)) if isinstance(loss_function, SoftmaxLoss) else None
    for scores, y in parts:
        if confusion is None:
            confusion = np.zeros((scores.shape[1], scores.shape[1]), np.int64)
        np.add.at(confusion, (y, np.argmax(scores, axis=1)), 1)
        loss += loss_function(scores, y)[0] * len(y)
        count += len(y)
        # Ranked by how many classes score higher: a network of NaN has no class ahead of the right one, but argmax 0.
        among_five += int(np.count_nonzero((scores > scores[np.arange(len(y)), y][:, None]).sum(axis=1) < 5))
        if bins is not None:
            bins += reliability(scores, y)
    if confusion is None:
        raise ValueError("there are no images to evaluate")
    return Result(loss / count, confusion, among_five / count, bins)


def batches(count: int, size: int) -> Iterator[slice]:
    """Yield the places of `count` images, `size` at a time."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


@dataclass(frozen=True)
class Evaluator:
    """A set of images and how to score a network on it."""

    images: Array
    labels: Array
    normalize: Callable[[Array], Array]
    batch_size: int = 500
    tta: Tta = "none"

    def __repr__(self) -> str:
        return f"Evaluator({len(self.labels):,} images, tta={self.tta!r})"

    def __call__(
        self,
        network: Network,
        stopped: Callable[[], bool] = lambda: False,
        seen: Callable[[int, int], None] = lambda *_: None,
    ) -> Result:
        return evaluate(network, self.images, self.labels, self.normalize, self.batch_size, stopped, self.tta, seen)

    def refined(
        self, parts: Iterable[tuple[Array, Array]], network: Network, stopped: Callable[[], bool]
    ) -> Iterator[tuple[Array, Array]]:
        """Yield the scores and labels in `parts`, with more views of the least certain images where tta has a share."""
        if parts_of(self.tta)[1] == 1:
            yield from parts
            return

        def go_on() -> None:
            if stopped():
                raise EvaluationStoppedError

        scores = [scored for scored, _ in parts] or [np.zeros((0, network.placed[-1].out_shape[0]), network.dtype)]
        first = np.concatenate(scores)
        yield (
            with_more_views(first, network.scores, self.images, self.normalize, self.batch_size, self.tta, go_on),
            self.labels,
        )
