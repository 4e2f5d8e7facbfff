import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl.data.augment import Crop, Cutout, Flip, RandomErasing, Transform
from nndl.data.batches import Batches, Normalize
from nndl.data.dataset import Images
from tests.data import fake

PIXELS, _ = fake.images(60)
DATA = Images(PIXELS, np.arange(60))  # an image's label is its number, so that batches tell which images they hold
PLAIN = Normalize.fit(PIXELS, "none")


def batches(count: int = 60, size: int = 8, **options: Any) -> Batches:
    options = {"normalize": PLAIN, "augment": (Crop(), Flip()), **options}
    return Batches(DATA, np.arange(60)[-count:], size, options.pop("seed", 0), **options)


def labels(made: Any) -> list[list[int]]:
    return [y.tolist() for _, y in made]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 70), st.booleans(), st.booleans(), st.integers(0, 3))
def test_every_image_once_an_epoch(count: int, size: int, shuffle: bool, drop_last: bool, prefetch: int) -> None:
    made = batches(count, size, shuffle=shuffle, drop_last=drop_last, prefetch=prefetch)
    seen = labels(made.epoch(0))
    assert len(seen) == made.batches_per_epoch
    assert [len(batch) for batch in seen[:-1]] == [size] * (len(seen) - 1)
    shown = [label for batch in seen for label in batch]
    assert len(shown) == (count - count % size if drop_last else count)
    assert len(set(shown)) == len(shown)
    assert set(shown) <= set(range(60 - count, 60))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9), st.integers(0, 3), st.integers(0, 5))
def test_starting_in_the_middle_equals_skipping(start: int, prefetch: int, epoch: int) -> None:
    whole = list(batches(prefetch=0).epoch(epoch))
    rest = list(batches(prefetch=prefetch).epoch(epoch, start))
    assert len(rest) == max(0, len(whole) - start)
    for (X, y), (other_X, other_y) in zip(whole[start:], rest, strict=True):
        np.testing.assert_array_equal(X, other_X)
        np.testing.assert_array_equal(y, other_y)


def test_order_is_of_seed_and_epoch_alone() -> None:
    first = labels(batches().epoch(0))
    assert first == labels(batches(augment=()).epoch(0))
    assert first != labels(batches().epoch(1))
    assert first != labels(batches(seed=1).epoch(0))
    assert [label for batch in first for label in batch] != list(range(60))
    assert [label for batch in labels(batches(shuffle=False).epoch(0)) for label in batch] == list(range(60))


def test_an_image_is_augmented_alike_whatever_the_batch_size() -> None:
    def shown(size: int) -> Any:
        made = list(batches(size=size).epoch(4))
        X, y = (np.concatenate(parts) for parts in zip(*made, strict=True))
        return X[np.argsort(y)]

    np.testing.assert_array_equal(shown(7), shown(60))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_batches_are_normalised_float_arrays_of_their_own(dtype: Any) -> None:
    made = list(batches(dtype=dtype, augment=(), shuffle=False).epoch(0))
    X, y = made[2]
    assert (X.dtype, y.dtype, X.shape) == (dtype, np.int64, (8, 3, 32, 32))
    assert X.flags.c_contiguous
    np.testing.assert_allclose(X, PIXELS[16:24] / 255, rtol=1e-6)
    assert not any(np.shares_memory(X, other) for other, _ in made[:2] + made[3:])


def test_two_of_a_kind_draw_apart_and_the_first_as_ever() -> None:
    def erased(*augment: Transform) -> Any:
        made = batches(augment=augment, shuffle=False, prefetch=0)
        return np.concatenate([X for X, _ in made.epoch(0)]) == 1

    one = RandomErasing(probability=1.0, fill=255, area=(0.02, 0.04))
    once, twice = erased(one), erased(one, one)
    assert (twice | ~once).all()  # what one erases, two do
    assert twice.mean() > 1.7 * once.mean()
    np.testing.assert_array_equal(erased(Cutout(4, fill=255)), erased(Cutout(4, fill=255), Cutout(4, fill=255)))


class Fails(Transform):
    """Fails on the images from 24 on."""

    stream = 99

    def apply(self, images: Any, index: Any, *_: int) -> Any:
        if index.max() >= 24:
            raise RuntimeError("worn out")
        return images


@pytest.mark.parametrize("prefetch", [0, 1, 2])
def test_errors_come_through_where_they_happen(prefetch: int) -> None:
    made = batches(shuffle=False, augment=(Fails(),), prefetch=prefetch).epoch(0)
    assert [next(made)[1][0] for _ in range(3)] == [0, 8, 16]
    with pytest.raises(RuntimeError, match="worn out"):
        next(made)
    assert not running()


def running() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("batches")]


def test_stopping_early_ends_the_thread() -> None:
    made = batches(size=2).epoch(0)
    next(made)
    assert running()
    made.close()  # type: ignore[attr-defined]
    assert not running()


class Records(Transform):
    """Notes the first image of every batch; from the second batch on it waits to be let go."""

    stream = 98

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.go = threading.Event()

    def apply(self, images: Any, index: Any, *_: int) -> Any:
        self.asked.append(int(index[0]))
        assert index[0] == 0 or self.go.wait(20)
        return images


def test_exactly_prefetch_batches_are_made_beforehand() -> None:
    records = Records()
    records.go.set()
    made = batches(size=4, shuffle=False, augment=(records,), prefetch=2).epoch(0)
    next(made)
    until = time.monotonic() + 20
    while len(records.asked) < 3 and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(0.05)
    assert records.asked == [0, 4, 8]
    made.close()  # type: ignore[attr-defined]


def test_stopping_early_leaves_unmade_what_has_not_begun() -> None:
    records = Records()
    made = batches(size=4, shuffle=False, augment=(records,), prefetch=2).epoch(0)
    next(made)
    until = time.monotonic() + 20
    while len(records.asked) < 2 and time.monotonic() < until:
        time.sleep(0.005)
    threading.Timer(0.2, records.go.set).start()
    made.close()  # type: ignore[attr-defined]
    assert records.asked == [0, 4]
