from typing import Any

import numpy as np
import pytest

from nndl.data.augment import Cutout, RandomErasing

EVERY = np.arange(3000)
IMAGES = np.random.default_rng(0).integers(0, 256, (3000, 3, 24, 32), np.uint8)


def covered(erasing: RandomErasing, images: Any = IMAGES) -> tuple[Any, Any, Any]:
    """Return heights and widths of the rectangles, and where they are (N, H, W); each is one rectangle."""
    where = erasing.apply(np.zeros_like(images), EVERY[: len(images)], 0, 0)[:, 0] == 255
    rows, columns = where.any(axis=2).sum(axis=1), where.any(axis=1).sum(axis=1)
    np.testing.assert_array_equal(rows * columns, where.sum(axis=(1, 2)))
    return rows, columns, where


def test_rectangles_are_as_large_and_long_as_asked() -> None:
    rows, columns, where = covered(RandomErasing(probability=1.0, area=(0.1, 0.2), ratio=0.5, fill=255))
    areas, ratios = rows * columns / (24 * 32), rows / columns
    assert 0.08 < areas.min() < 0.11
    assert 0.19 < areas.max() < 0.22
    assert np.mean(areas) == pytest.approx(0.15, abs=0.005)
    assert np.mean(np.log(ratios)) == pytest.approx(0, abs=0.05)  # as often high as wide
    assert np.log(ratios).std() == pytest.approx(np.log(2) / np.sqrt(3), abs=0.03)
    chances = where.mean(axis=0)
    assert chances.min() > 0  # every pixel is hit some time
    np.testing.assert_allclose(chances, chances[::-1, ::-1], atol=0.06)


@pytest.mark.parametrize(
    ("area", "ratio"), [((1.0, 1.0), 0.3), ((0.94, 1.0), 1.0), ((0.94, 1.0), 0.3), ((0.7, 0.7), 1.0), ((0.7, 0.8), 0.7)]
)
def test_what_never_fits_leaves_the_image_and_is_told(area: tuple[float, float], ratio: float) -> None:
    erasing = RandomErasing(probability=1.0, area=area, ratio=ratio, fill=255)
    rows, _, _ = covered(erasing)
    assert bool(erasing.idle(24, 32)) == (not rows.any())


def test_less_than_a_pixel_covers_nothing_and_is_told() -> None:
    for largest in (0.25, 0.3):
        erasing = RandomErasing(probability=1.0, area=(0.2 / 768, largest / 768), ratio=1.0, fill=255)
        assert bool(erasing.idle(24, 32)) == (not covered(erasing)[0].any())


def test_noise_is_drawn_for_each_pixel_evenly() -> None:
    erasing = RandomErasing(probability=1.0, area=(0.4, 0.5), ratio=0.9)
    where = (erasing.apply(IMAGES, EVERY, 0, 0) != IMAGES).any(axis=1)
    noise = erasing.apply(np.zeros_like(IMAGES), EVERY, 0, 0).transpose(0, 2, 3, 1)[where]
    counts = np.bincount(noise.ravel(), minlength=256) / noise.size
    np.testing.assert_allclose(counts, 1 / 256, rtol=0.03)
    assert abs(np.corrcoef(noise[:, 0], noise[:, 1])[0, 1]) < 0.01  # channels each by themselves
    floats = erasing.apply(np.zeros(IMAGES.shape, np.float32), EVERY, 0, 0).transpose(0, 2, 3, 1)[where]
    assert floats.mean() == pytest.approx(0, abs=0.01)
    assert floats.std() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("cutout", "channels", "fill"),
    [
        (Cutout(), 3, [121, 121, 121]),
        (Cutout(), 1, [33]),
        (Cutout(fill="mean"), 3, [124, 33, 57]),
        (Cutout(fill="mean"), 1, [33]),
        (Cutout(fill=7), 1, [7]),
        (Cutout(fill=(1, 2, 3)), 3, [1, 2, 3]),
    ],
    ids=str,
)
def test_cutout_is_filled_with_what_the_pictures_call_for(cutout: Cutout, channels: int, fill: list[int]) -> None:
    mean = np.array([33.3] if channels == 1 else [123.7, 33.3, 56.9])
    images = np.full((50, channels, 9, 9), 200, np.uint8)
    out = cutout.fitted(channels, lambda: mean).apply(images, EVERY[:50], 0, 0)
    pixels = out.transpose(0, 2, 3, 1).reshape(-1, channels)
    assert {tuple(pixel) for pixel in pixels.tolist()} == {(200,) * channels, tuple(fill)}


def test_the_mean_is_not_asked_for_in_vain() -> None:
    def mean() -> Any:
        raise AssertionError("nobody needs it")

    for transform in (Cutout(), Cutout(fill=3), RandomErasing()):
        assert transform.fitted(3, mean) is transform
