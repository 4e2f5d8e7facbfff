"""Images made smaller: by the formulas, image by image, in the steps that a schedule says."""

import numpy as np
import pytest

from nndl.data.batches import Batches
from nndl.data.dataset import Images
from nndl.data.normalize import Normalize
from nndl.data.resolution import AT_ONCE, Array, Interpolation, Resolution, scaled, weights

INTERPOLATIONS: tuple[Interpolation, ...] = ("area", "bilinear")


def images(count: int = 5, size: int = 32, dtype: str = "float64") -> Array:
    return np.random.default_rng(0).standard_normal((count, 3, size, size)).astype(dtype)


@pytest.mark.parametrize("size", [8, 16])
def test_by_area_a_pixel_is_the_mean_of_what_it_covers(size: int) -> None:
    X, side = images(), 32 // size
    expected = X.reshape(5, 3, size, side, size, side).mean(axis=(3, 5))
    np.testing.assert_allclose(scaled(X, size), expected, rtol=0, atol=1e-14)


def test_pixels_that_a_larger_one_cuts_count_by_the_part_that_is_inside() -> None:
    np.testing.assert_allclose(weights(4, 3, "area"), [[0.75, 0.25, 0, 0], [0, 0.5, 0.5, 0], [0, 0, 0.25, 0.75]])


def test_bilinear_is_pytorchs() -> None:
    """torch.nn.functional.interpolate(mode="bilinear"): half-pixel centres, no smoothing before."""
    X, size = images(), 20
    at = (np.arange(size) + 0.5) * 32 / size - 0.5
    low, share = np.floor(at).astype(int), at - np.floor(at)
    rows = X[:, :, low] * (1 - share)[:, None] + X[:, :, low + 1] * share[:, None]
    expected = rows[..., low] * (1 - share) + rows[..., low + 1] * share
    np.testing.assert_allclose(scaled(X, size, "bilinear"), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("how", INTERPOLATIONS)
@pytest.mark.parametrize("size", [1, 7, 20, 24, 28, 31])
def test_what_is_uniform_stays_so_and_no_pixel_is_left_out_by_area(how: Interpolation, size: int) -> None:
    np.testing.assert_allclose(weights(32, size, how).sum(axis=1), 1, rtol=1e-15)
    if how == "area":
        np.testing.assert_allclose(weights(32, size, how).sum(axis=0), size / 32, rtol=1e-14)


@pytest.mark.parametrize("how", INTERPOLATIONS)
def test_an_image_is_the_same_bits_whatever_stands_beside_it(how: Interpolation) -> None:
    X = images(AT_ONCE + 9, dtype="float32")
    whole = scaled(X, 24, how)
    assert whole.dtype == np.float32
    assert whole.flags.c_contiguous
    for part in (slice(0, 1), slice(3, AT_ONCE + 5)):
        assert scaled(np.ascontiguousarray(X[part]), 24, how).tobytes() == whole[part].tobytes()


def test_what_is_no_square_keeps_its_proportions() -> None:
    X = images()[:, :, :, :24]
    expected = X.reshape(5, 3, 16, 2, 12, 2).mean(axis=(3, 5))
    np.testing.assert_allclose(scaled(X, 16), expected, rtol=0, atol=1e-14)


def test_at_its_own_size_an_image_is_left_alone() -> None:
    X = images()
    assert scaled(X, 32) is X


def test_the_size_follows_the_share_of_training() -> None:
    resolution = Resolution(stages=((0, 20), (0.4, 24), (0.7, 32)))
    assert [resolution.size(step, 10) for step in range(10)] == [20] * 4 + [24] * 3 + [32] * 3


@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_the_last_step_has_the_last_size_however_few_there_are(steps: int) -> None:
    assert Resolution(stages=((0, 20), (0.99, 32))).size(steps - 1, steps) == 32


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        (((0.1, 20), (0.5, 32)), "begin with the share 0, not 0.1"),
        (((0, 20), (0.5, 24), (0.5, 32)), "rising order"),
        (((0, 20), (1, 32)), "less than 1"),
    ],
)
def test_stages_that_are_none_are_refused(stages: tuple[tuple[float, int], ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Resolution(stages=stages)


def test_batches_are_scaled_by_the_step_of_training_wherever_an_epoch_is_begun() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (10, 3, 32, 32)).astype(np.uint8)
    data = Images(pixels, np.arange(10))
    batches = Batches(data, np.arange(10), 4, 0, normalize=Normalize.fit(pixels, "standard"))
    whole = [list(batches.epoch(epoch)) for epoch in range(2)]
    resolution = Resolution(stages=((0, 16), (0.7, 32)))  # of 6 steps the last 2 are whole
    batches.resize = resolution.at(6)
    for epoch in range(2):
        for start in range(3):
            for number, (X, _) in enumerate(batches.epoch(epoch, start), start):
                full = whole[epoch][number][0]
                expected = full if epoch * 3 + number >= 4 else scaled(full, 16)
                assert X.tobytes() == expected.tobytes()
