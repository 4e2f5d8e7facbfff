"""Images drawn by the weights of their classes: from counters, so that they are the same wherever they are drawn."""

import numpy as np
import pytest

from nndl.data.augment import ColorJitter, Crop, Flip
from nndl.data.augment.mixing import Mixing, Mixup
from nndl.data.batches import Batches, Normalize, times_before
from nndl.data.dataset import Images

PIXELS = np.random.default_rng(0).integers(40, 160, (60, 3, 8, 8)).astype(np.uint8)
LABELS = np.array([0] * 40 + [1] * 15 + [2] * 5)
WEIGHTS = np.array([1 / 40, 1 / 15, 2 / 5])


def batches(size: int = 8, seed: int = 0, augment: bool = False, drop_last: bool = False) -> Batches:
    transforms = (Flip(), Crop(pad=2), ColorJitter(brightness=0.5)) if augment else ()
    normalize = Normalize.fit(PIXELS, "none")
    return Batches(
        Images(PIXELS, LABELS), np.arange(60), size, seed, normalize=normalize, augment=transforms, sampling=WEIGHTS,
        drop_last=drop_last,
    )  # fmt: skip


def test_classes_come_as_often_as_their_weights_say_and_images_of_one_alike() -> None:
    order = np.concatenate([batches().order(epoch) for epoch in range(400)])
    shares = np.bincount(LABELS[order]) / len(order)
    np.testing.assert_allclose(shares, [0.25, 0.25, 0.5], atol=4 * np.sqrt(0.25 / len(order)))
    counts, expected = np.bincount(order, minlength=60), len(order) * (WEIGHTS / 4 * [1, 1, 1])[LABELS]
    assert ((counts - expected) ** 2 / expected).sum() < 59 + 4 * np.sqrt(2 * 59)  # chi-squared of 59 degrees


def test_they_depend_on_seed_and_epoch_alone() -> None:
    order = batches().order(3)
    assert len(order) == 60
    np.testing.assert_array_equal(order, batches(size=5, augment=True).order(3))
    assert (order != batches(seed=1).order(3)).any()
    assert (order != batches().order(4)).any()


@pytest.mark.parametrize("start", [0, 1, 5, 7])
def test_an_epoch_goes_on_anywhere_and_parts_of_a_batch_are_those_of_the_whole(start: int) -> None:
    whole, rest, left = list(batches(augment=True).epoch(2)), batches(augment=True), batches(augment=True)
    left.part = lambda images: slice(1, images // 2)
    for (X, y), (other_X, other_y), (part_X, part_y) in zip(
        whole[start:], rest.epoch(2, start), left.epoch(2, start), strict=True
    ):
        np.testing.assert_array_equal(X, other_X)
        np.testing.assert_array_equal(X[1 : len(y) // 2], part_X)
        assert y.tolist() == other_y.tolist() == part_y.tolist()


def test_what_is_drawn_twice_in_an_epoch_is_augmented_twice() -> None:
    made = batches(size=60, augment=True)
    ((X, _),) = made.epoch(0)
    order = made.order(0)
    again = [np.flatnonzero(order == image) for image in np.flatnonzero(np.bincount(order) > 1)]
    assert again
    assert all(len({X[place].tobytes() for place in places}) == len(places) for places in again)


def test_mixed_images_have_the_labels_of_those_drawn() -> None:
    made = batches(size=7)
    made.mix = Mixing((Mixup(alpha=1.0),), 3)
    parts = list(made.epoch(1))
    X, y = np.concatenate([X for X, _ in parts]), np.concatenate([y for _, y in parts])
    order = made.order(1)
    labels, partners = LABELS[order], LABELS[np.roll(order, -1)]
    shares = y[np.arange(60), labels]
    same = labels == partners
    np.testing.assert_allclose(shares[same], 1)
    np.testing.assert_allclose(y[np.arange(60), partners][~same], 1 - shares[~same])
    own = PIXELS[order] / np.float32(255)
    expected = own[~same] * shares[~same, None, None, None] + np.roll(own, -1, 0)[~same] * (
        1 - shares[~same, None, None, None]
    )
    np.testing.assert_allclose(X[~same], expected, atol=1e-6)


def test_the_first_drawing_looks_as_it_does_without_sampling() -> None:
    plain = Batches(
        Images(PIXELS, LABELS), np.arange(60), 60, 0, normalize=Normalize.fit(PIXELS, "none"), augment=(Flip(),)
    )
    drawn = batches(size=60)
    drawn.augment = (Flip(),)
    ((X, _),), ((other, _),) = plain.epoch(1), drawn.epoch(1)
    first = {image: X[place] for place, image in enumerate(plain.order(1))}
    order = drawn.order(1)
    places = np.flatnonzero(times_before(order) == 0)
    assert all(np.array_equal(other[place], first[order[place]]) for place in places)


def test_times_before() -> None:
    assert times_before(np.array([3, 1, 3, 3, 1, 0])).tolist() == [0, 0, 1, 2, 1, 0]
    assert times_before(np.array([], int)).tolist() == []
