import math
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nndl.data.augment import RandomAffine, Rotation
from nndl.data.augment.warping import affine_maps, warped

SIZES = [(3, 32, 32), (1, 28, 28), (3, 20, 33)]
BLACK = np.zeros((1, 1, 1), np.uint8)
IDENTITY = affine_maps((20, 33), np.zeros(1))


def images_of(shape: tuple[int, int, int], count: int = 6) -> Any:
    return np.random.default_rng(0).integers(0, 256, (count, *shape), np.uint8)


def by_definition(image: Any, matrix: Any, fill: float) -> Any:
    """Warp an image (C, H, W), number by number: bilinear between the middles of pixels."""
    height, width = image.shape[1:]
    out = np.full(image.shape, fill, np.float64)
    for row in range(height):
        for column in range(width):
            x, y = matrix @ np.array([column + 0.5, row + 0.5, 1])
            if not (0 <= x < width and 0 <= y < height):
                continue
            left, top = math.floor(x - 0.5), math.floor(y - 0.5)
            out[:, row, column] = sum(
                (1 - abs(x - 0.5 - (left + i)))
                * (1 - abs(y - 0.5 - (top + j)))
                * image[:, min(max(top + j, 0), height - 1), min(max(left + i, 0), width - 1)]
                for i in (0, 1)
                for j in (0, 1)
            )
    return out


@pytest.mark.parametrize("shape", [(3, 9, 9), (1, 8, 13)])
def test_bilinear_is_as_defined(shape: tuple[int, int, int]) -> None:
    images = images_of(shape)
    rng = np.random.default_rng(1)
    maps = affine_maps(shape[1:], rng.uniform(-180, 180, 6), (rng.uniform(-3, 3, 6),) * 2, rng.uniform(0.5, 2, 6), 20.0)
    exact = np.array([by_definition(*pair, 9) for pair in zip(images, maps, strict=True)])
    np.testing.assert_allclose(warped(images.astype(np.float64), maps, BLACK + 9.0), exact, atol=2e-3)
    assert np.abs(warped(images, maps, BLACK + 9) - exact).max() <= 0.5 + 2e-3  # rounded to the nearest


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("how", ["bilinear", "nearest"])
def test_pillow_warps_alike(shape: tuple[int, int, int], how: Any) -> None:
    images, rng = images_of(shape), np.random.default_rng(2)
    maps = affine_maps(
        shape[1:], rng.uniform(-90, 90, 6), (2.0, -3.0), rng.uniform(0.7, 1.4, 6), rng.uniform(-30, 30, 6)
    )
    ours = warped(images, maps, BLACK + 77, how).astype(int)
    for image, matrix, out in zip(images, maps, ours, strict=True):
        for channel, result in zip(image, out, strict=True):
            resample = Image.Resampling[how.upper()]
            size = (shape[2], shape[1])
            picture = Image.fromarray(channel).transform(
                size, Image.Transform.AFFINE, tuple(matrix.ravel()), resample, fillcolor=77
            )
            apart = result - np.asarray(picture).astype(int)
            if how == "bilinear":  # Pillow cuts off what is behind the point; we round
                assert set(np.unique(apart)) <= {0, 1}
            else:  # Pillow's places are in 1/65536 of a pixel
                assert (apart != 0).mean() < 0.005


@pytest.mark.parametrize("how", ["bilinear", "nearest"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_whole_shifts_and_quarter_turns_are_exact(how: Any, dtype: Any) -> None:
    images = images_of((3, 12, 12)).astype(dtype)
    fill = np.full((3, 1, 1), 5, dtype)
    assert warped(images, np.repeat(affine_maps((12, 12), np.zeros(1)), 6, axis=0), fill, how).tobytes() == (
        images.tobytes()
    )
    quarter = affine_maps((12, 12), np.full(6, 90.0))
    np.testing.assert_allclose(warped(images, quarter, fill, how), np.rot90(images, -1, (2, 3)), atol=1e-3)
    shifted = warped(images, affine_maps((12, 12), np.zeros(6), (3.0, -2.0)), fill, how)
    np.testing.assert_array_equal(shifted[:, :, :-2, 3:], images[:, :, 2:, :-3])
    assert (shifted[:, :, -2:] == 5).all()
    assert (shifted[:, :, :, :3] == 5).all()


@pytest.mark.parametrize("shape", SIZES)
def test_the_middle_stays_and_angles_are_within_bounds(shape: tuple[int, int, int]) -> None:
    drawn = []

    def seen(size: Any, angle: Any, *rest: Any) -> Any:
        drawn.append(angle)
        maps = affine_maps(size, angle, *rest)
        middle = np.array([shape[2] / 2, shape[1] / 2, 1])
        np.testing.assert_allclose(maps @ middle, np.tile(middle[:2], (len(maps), 1)), atol=1e-12)
        return maps

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nndl.data.augment.warping.affine_maps", seen)
        images = images_of(shape, 500)
        Rotation(30).apply(images, np.arange(500), 0, 0)
        RandomAffine(degrees=30, scale=(0.5, 2), shear=10).apply(images, np.arange(500), 0, 0)
    for angles in drawn:
        assert -30 <= angles.min() < -29
        assert 29 < angles.max() <= 30
        assert abs(angles.mean()) < 2


def test_scale_is_as_often_below_as_above() -> None:
    images = np.zeros((2000, 1, 64, 64), np.uint8)
    images[:, :, 24:40, 24:40] = 255
    grown = RandomAffine(scale=(0.5, 2)).apply(images, np.arange(2000), 0, 0).mean(axis=(1, 2, 3)) / images[0].mean()
    factors = np.log2(grown) / 2
    assert -1.1 < factors.min() < -0.9
    assert 0.9 < factors.max() < 1.1
    assert np.median(factors) == pytest.approx(0, abs=0.08)


def test_colours_are_as_grey_each_by_itself() -> None:
    images, affine = images_of((3, 17, 23)), RandomAffine(20, 0.1, (0.8, 1.2), 10)
    whole = affine.apply(images, np.arange(6), 0, 0)
    for channel in range(3):
        alone = affine.apply(images[:, channel : channel + 1], np.arange(6), 0, 0)
        np.testing.assert_array_equal(whole[:, channel : channel + 1], alone)


def test_scale_that_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="least, then the largest"):
        RandomAffine(scale=(2, 1))
