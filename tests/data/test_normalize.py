from typing import Any

import numpy as np
import pytest

from nndl.data.batches import Normalize
from tests.data import fake

IMAGES = fake.images(150)[0] // 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_standard_is_zero_mean_and_unit_variance_per_channel(dtype: Any) -> None:
    images = IMAGES + np.array([5, 60, 110], np.uint8)[:, None, None]
    out = Normalize.fit(images, "standard").apply(images, dtype)
    assert out.dtype == dtype
    assert out.flags.c_contiguous
    np.testing.assert_allclose(out.mean(axis=(0, 2, 3), dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose(out.std(axis=(0, 2, 3), dtype=np.float64), 1, rtol=1e-6)


def test_mean_image_is_subtracted_and_the_range_kept() -> None:
    out = Normalize.fit(IMAGES, "mean_image").apply(IMAGES, np.float64)
    np.testing.assert_allclose(out, IMAGES - IMAGES.astype(np.float64).mean(axis=0), atol=1e-12)


def test_none_scales_to_one() -> None:
    np.testing.assert_allclose(Normalize.fit(IMAGES, "none").apply(IMAGES), IMAGES / 255, rtol=1e-6)


def test_float32_is_close_to_float64() -> None:
    normalize = Normalize.fit(IMAGES, "standard")
    np.testing.assert_allclose(normalize.apply(IMAGES), normalize.apply(IMAGES, np.float64), atol=1e-6)


def test_one_colour_everywhere_does_not_divide_by_zero() -> None:
    flat = np.full((70, 3, 32, 32), 9, np.uint8)
    np.testing.assert_allclose(Normalize.fit(flat, "standard").apply(flat), 0, atol=1e-6)


def test_inputs_are_left_alone() -> None:
    before = IMAGES.copy()
    Normalize.fit(IMAGES, "standard").apply(IMAGES)
    np.testing.assert_array_equal(IMAGES, before)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 8, 20), (1, 5, 9)])
def test_every_shape_is_normalised_by_its_channels(shape: tuple[int, int, int]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (70, *shape), np.uint8)
    out = Normalize.fit(images, "standard").apply(images, np.float64)
    np.testing.assert_allclose(out.mean(axis=(0, 2, 3)), 0, atol=1e-9)
    np.testing.assert_allclose(out.std(axis=(0, 2, 3)), 1, atol=1e-9)
    mean = Normalize.fit(images, "mean_image")
    np.testing.assert_allclose(mean.apply(images, np.float64), images - images.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(Normalize.fit(images, "none").apply(images), images / 255, rtol=1e-6)


@pytest.mark.parametrize("kind", ["standard", "mean_image", "none"])
def test_a_part_of_the_images_is_fitted_as_if_it_were_all(kind: Any) -> None:
    index = np.arange(0, 150, 2)[::-1]
    some, copied = Normalize.fit(IMAGES, kind, index), Normalize.fit(IMAGES[index], kind)
    np.testing.assert_array_equal(some.mean, copied.mean)
    np.testing.assert_array_equal(some.std, copied.std)
