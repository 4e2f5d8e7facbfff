"""Training batches: in a random order, augmented, normalised, and made ready while the one before is learnt from."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nndl.data import counter
from nndl.data.augment import Transform, seeds
from nndl.data.augment.mixing import Mixing
from nndl.data.dataset import Images
from nndl.data.normalize import Normalize

__all__ = ["Batch", "Batches", "Normalize"]

Array = NDArray[Any]
Batch = tuple[Array, Array]

SHUFFLE, SAMPLING = 0, 1 << 20  # streams of random numbers; the transforms have those between


def batches_in(images: int, batch_size: int, drop_last: bool) -> int:
    """Count the batches of a number of images; the last may be short unless drop_last leaves it out."""
    whole, rest = divmod(images, batch_size)
    return whole + (1 if rest and not drop_last else 0)


class Batches:
    """The images that index names, in batches: X of dtype (N, C, H, W), C-contiguous, and labels y int64 (N,).

    With `mix`, each image is mixed with the next one of the epoch's order; y is then a distribution over the classes
    for each, float64 (N, classes).

    Every array is a function of (seed, epoch, batch number): any epoch may be begun anywhere, with or without prefetch
    (that many batches are made ready by a thread). Where a batch is shared, `part` of so many images says which of them
    are made: X has those alone, y all labels. `resize` gives X of step 0, 1, ... of training another size.
    sampling: weights float64 (C,) of the classes: an epoch's images are drawn by those of their labels, with
    replacement, instead of each once.
    """

    def __init__(
        self,
        images: Images,
        index: Array,
        batch_size: int,
        seed: int,
        *,
        normalize: Normalize,
        augment: tuple[Transform, ...] = (),
        mix: Mixing | None = None,
        dtype: DTypeLike = np.float32,
        shuffle: bool = True,
        drop_last: bool = False,
        sampling: Array | None = None,
        prefetch: int = 2,
    ) -> None:
        self.images, self.index, self.batch_size, self.seed = images, index, batch_size, seed
        self.normalize, self.augment, self.mix, self.dtype = normalize, augment, mix, np.dtype(dtype)
        self.shuffle, self.drop_last, self.prefetch = shuffle, drop_last, prefetch
        self._until = None if sampling is None else np.cumsum(sampling[images.labels[index]])
        self.part: Callable[[int], slice] = lambda images: slice(0, images)
        self.resize: Callable[[Array, int], Array] = lambda X, step: X  # noqa: ARG005

    def __repr__(self) -> str:
        return f"Batches({len(self.index):,} images, {self.batch_size:,} at a time)"

    @property
    def batches_per_epoch(self) -> int:
        """The number of batches in an epoch."""
        return batches_in(len(self.index), self.batch_size, self.drop_last)

    def order(self, epoch: int) -> Array:
        """Return the images' indices int64 in the order in which the epoch shows them."""
        if self._until is not None:
            drawn = counter.bits((self.seed, SAMPLING, epoch), np.arange(len(self.index)), 1)[0] >> np.uint64(11)
            place = np.searchsorted(self._until, drawn * 2.0**-53 * self._until[-1], side="right")
            return self.index[np.minimum(place, len(self.index) - 1)]
        if not self.shuffle:
            return self.index
        key = (self.seed, SHUFFLE, epoch)
        return self.index[np.argsort(counter.bits(key, np.arange(len(self.index)), 1)[0], kind="stable")]

    def _numbered(self, epoch: int) -> Array:
        """Return the order, in which what comes again has a number of its own: it is to look like no other time."""
        order = self.order(epoch)
        return order if self._until is None else order + times_before(order) * len(self.images)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, counted from 0, beginning with batch number `start`."""
        order, numbers = self._numbered(epoch), range(start, self.batches_per_epoch)
        return _ahead(lambda number: self._make(order, epoch, number), numbers, self.prefetch)

    def shown(self, index: Array, epoch: int) -> Batch:
        """Return training images of these numbers int64 (N,), of any batches, as the epoch shows them at their size."""
        X, labels = self._augmented(index, epoch), self.images.labels
        if not self.mix:
            return X, labels[index]
        order = self._numbered(epoch)
        by_number = np.argsort(order, kind="stable")
        place = np.searchsorted(order, index, sorter=by_number) % len(order)  # one that is not drawn has another's next
        following = order[(by_number[place] + 1) % len(order)]
        shares = self.mix.shares(index, epoch, self.seed, self._size)
        mixed = self.mix.images(X, self._augmented(following, epoch), index, epoch, self.seed)
        return mixed, self.mix.targets(labels[index], self._labels(following), shares)

    @property
    def _size(self) -> tuple[int, int]:
        return self.images.shape[1], self.images.shape[2]

    def _make(self, order: Array, epoch: int, number: int) -> Batch:
        batch = order[number * self.batch_size : (number + 1) * self.batch_size]
        part = self.part(len(batch))
        if self.mix:
            following = order[(number * self.batch_size + 1 + np.arange(len(batch))) % len(order)]
            X, y = self._mixed(self.mix, batch, following, part, epoch)
        else:
            X, y = self._augmented(batch[part], epoch), self._labels(batch)
        return self.resize(X, epoch * self.batches_per_epoch + number), y

    def _labels(self, index: Array) -> Array:
        return self.images.labels[index % len(self.images)]

    def _augmented(self, index: Array, epoch: int) -> Array:
        """Return the images of the dtype (N, C, H, W) that the network is shown."""
        images = self.images.images[index % len(self.images)]
        for transform, seed in zip(self.augment, seeds(self.augment, self.seed), strict=True):
            images = transform.apply(images, index, epoch, seed)
        return self.normalize.apply(images, self.dtype)

    def _mixed(self, mix: Mixing, batch: Array, following: Array, part: slice, epoch: int) -> Batch:
        """Return the part's images, each mixed with the one that follows it, and the whole batch's distributions."""
        index = batch[part]
        shown = self._augmented(np.append(index, following[part][-1:]), epoch)
        X = mix.images(shown[: len(index)], shown[1:], index, epoch, self.seed)
        shares = mix.shares(batch, epoch, self.seed, self._size)
        return X, mix.targets(self._labels(batch), self._labels(following), shares)


def times_before(order: Array) -> Array:
    """Count, for each of the numbers (N,), how often the same stands before it; int64 (N,)."""
    by_number = np.argsort(order, kind="stable")
    ordered = order[by_number]
    begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    times = np.empty(len(order), np.int64)
    times[by_number] = np.arange(len(order)) - np.repeat(begins, np.diff(np.append(begins, len(order))))
    return times


def _ahead(make: Callable[[int], Batch], numbers: range, prefetch: int) -> Iterator[Batch]:
    """Yield make(number) for every number, up to `prefetch` of them made by a thread beforehand."""
    if not prefetch:
        yield from map(make, numbers)
        return
    waiting: deque[Future[Batch]] = deque()
    with ThreadPoolExecutor(1, "batches") as thread:
        try:
            for number in numbers:
                waiting.append(thread.submit(make, number))
                if len(waiting) > prefetch:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # the consumer may stop early: what has not begun is not made
            for future in waiting:
                future.cancel()
