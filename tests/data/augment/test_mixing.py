import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl.data.augment import Crop, Flip
from nndl.data.augment.mixing import MIXES, Cutmix, Mixing, Mixup, beta_quantile
from nndl.data.augment.transform import CHANCES
from nndl.data.batches import Batches, Normalize
from nndl.data.dataset import Images
from tests.data import fake

PIXELS, _ = fake.images(60)
DATA = Images(PIXELS, np.arange(60))  # an image's label is its number: targets tell which images are mixed
PLAIN = Normalize.fit(PIXELS, "none")
EVERY = np.arange(2000)
WAYS = [(Mixup(),), (Cutmix(),), (Mixup(1.0, probability=0.3), Cutmix(probability=0.5))]

every_way = pytest.mark.parametrize("ways", WAYS, ids=str)


def batches(ways: Any, size: int = 8, count: int = 60, **options: Any) -> Batches:
    mix = Mixing(ways, 60) if ways else None
    options = {"augment": (Crop(), Flip()), "normalize": PLAIN, **options}
    return Batches(DATA, np.arange(60)[-count:], size, options.pop("seed", 3), mix=mix, **options)


def shown(made: Batches, epoch: int = 2) -> tuple[Any, Any]:
    X, y = zip(*made.epoch(epoch), strict=True)
    return np.concatenate(X), np.concatenate(y)


@every_way
def test_each_image_is_mixed_with_the_next_one_of_the_order(ways: Any) -> None:
    plain, labels = shown(batches(()))
    X, y = shown(batches(ways))
    partner, following = np.roll(plain, -1, axis=0), np.roll(labels, -1)
    own = y[np.arange(60), labels]
    np.testing.assert_allclose(own + y[np.arange(60), following], 1)
    assert (y > 0).sum() <= 120
    shares = own[:, None, None, None]
    if isinstance(ways[0], Mixup) and len(ways) == 1:
        np.testing.assert_allclose(X, shares * plain + (1 - shares) * partner, atol=1e-6)
    elif len(ways) == 1:
        kept, laid = (plain == X).all(axis=1), (partner == X).all(axis=1)
        assert (kept | laid).all()
        assert (kept.mean(axis=(1, 2)) >= own - 1e-9).all()
        assert (laid.mean(axis=(1, 2)) >= 1 - own - 1e-9).all()
    else:
        assert 0 < (own == 1).sum() < 60


@every_way
@settings(max_examples=15, deadline=None)
@given(st.integers(1, 60), st.integers(1, 70), st.integers(0, 3), st.integers(0, 4))
def test_neither_batches_nor_their_beginning_matter(
    ways: Any, count: int, size: int, prefetch: int, start: int
) -> None:
    made = batches(ways, size, count, prefetch=prefetch)
    X, y = shown(batches(ways, count, count))
    rest = list(made.epoch(2, start))
    if rest:
        np.testing.assert_array_equal(np.concatenate([part for part, _ in rest]), X[start * size :])
        np.testing.assert_array_equal(np.concatenate([part for _, part in rest]), y[start * size :])


@every_way
@pytest.mark.parametrize("place", [slice(0, 3), slice(3, 8), slice(2, 2), slice(7, 8)], ids=str)
def test_a_part_of_a_batch_is_as_in_the_whole(ways: Any, place: slice) -> None:
    whole, shared = batches(ways), batches(ways)
    shared.part = lambda images: slice(min(place.start, images), min(place.stop, images))
    for (X, y), (part, targets) in zip(whole.epoch(1), shared.epoch(1), strict=True):
        np.testing.assert_array_equal(part, X[shared.part(len(y))])
        np.testing.assert_array_equal(targets, y)


@pytest.mark.parametrize("kind", MIXES.values())
def test_without_probability_nothing_is_mixed(kind: Any) -> None:
    (plain, labels), (X, y) = shown(batches(())), shown(batches((kind(probability=0),)))
    np.testing.assert_array_equal(X, plain)
    np.testing.assert_array_equal(y, np.eye(60)[labels])


def test_one_image_has_only_itself() -> None:
    plain, _ = shown(batches((), count=1))
    for ways in WAYS:
        X, y = shown(batches(ways, count=1))
        np.testing.assert_allclose(X, plain, rtol=1e-6)
        np.testing.assert_allclose(y, np.eye(60)[[59]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 9, 17)])
def test_pictures_may_be_grey_and_of_any_size(dtype: Any, shape: Any) -> None:
    X = np.random.default_rng(0).normal(size=(50, *shape)).astype(dtype)
    for ways in WAYS:
        mix = Mixing(ways, 10)
        out = mix.images(X[:-1], X[1:], EVERY[:49], 0, 0)
        assert (out.shape, out.dtype) == (X[1:].shape, dtype)
        assert not np.array_equal(out, X[:-1])


def test_the_first_way_that_takes_an_image_has_it() -> None:
    mix = Mixing((Cutmix(probability=0.5), Mixup(probability=0.5)), 2)
    shares = mix.shares(EVERY, 0, 0, (32, 32))
    in_pixels = np.isclose(shares * 1024, np.rint(shares * 1024)) & (shares < 1)
    assert (shares == 1).mean() == pytest.approx(0.25, abs=0.06)  # and the few boxes without a pixel
    assert in_pixels.mean() == pytest.approx(0.5, abs=0.05)


def test_ways_have_streams_of_their_own() -> None:
    from nndl.data.augment import TRANSFORMS

    streams = [kind.stream for kind in (*TRANSFORMS.values(), *MIXES.values())]
    assert len({0, *streams}) == len(streams) + 1
    assert max(streams) < CHANCES


@pytest.mark.parametrize("size", [(32, 32), (20, 45)])
def test_cut_boxes_lie_within_and_follow_the_share(size: tuple[int, int]) -> None:
    cutmix = Cutmix()
    (rows, columns), (top, left) = cutmix.rectangles(EVERY, 1, 2, size)
    assert (rows >= 0).all()
    assert (top >= 0).all()
    assert (top + rows <= size[0]).all()
    assert (left + columns <= size[1]).all()
    drawn = cutmix._drawn(EVERY, 1, 2)[0]
    assert (cutmix.shares(EVERY, 1, 2, size) >= drawn - 1e-6).all()  # what is cut off at the rim, it keeps
    whole = (top > 0) & (left > 0) & (top + rows < size[0]) & (left + columns < size[1])
    np.testing.assert_allclose(cutmix.shares(EVERY, 1, 2, size)[whole], drawn[whole], atol=0.15)


@pytest.mark.parametrize("alpha", [0.1, 0.2, 0.5, 1.0, 1.05, 2.0, 8.0])
def test_shares_have_the_beta_distribution(alpha: float) -> None:
    probability = np.linspace(0.005, 0.995, 100)
    quantiles = beta_quantile(probability, alpha)
    angle = (np.arange(400_000) + 0.5) / 400_000 * np.pi / 2  # x = sin^2(angle) has a density without poles for 1/2
    log_density = (2 * alpha - 1) * (np.log(np.sin(angle)) + np.log(np.cos(angle)))
    constant = 2 * math.exp(math.lgamma(2 * alpha) - 2 * math.lgamma(alpha)) * np.pi / 2 / 400_000
    below = np.cumsum(constant * np.exp(log_density))
    expected = np.interp(np.arcsin(np.sqrt(quantiles)), angle, below)
    missed = 1 - below[-1]  # at the poles, by the midpoint rule
    np.testing.assert_allclose(expected + missed / 2, probability, atol=2e-3 + missed)


def test_shares_are_drawn_so() -> None:
    drawn = Mixup(0.5).shares(np.arange(20_000), 0, 0, (1, 1))
    assert drawn.mean() == pytest.approx(0.5, abs=0.01)
    assert drawn.var() == pytest.approx(1 / 8, abs=0.003)  # of Beta(a, a): 1 / (4 (2 a + 1))
    assert np.corrcoef(drawn[:-1], drawn[1:])[0, 1] == pytest.approx(0, abs=0.02)
