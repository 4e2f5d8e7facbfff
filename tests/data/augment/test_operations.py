"""Every operation against Pillow's, byte for byte."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from nndl.data.augment.operations import COLOURS

PILLOW: dict[str, Callable[[Any, float], Any]] = {
    "brightness": lambda picture, factor: ImageEnhance.Brightness(picture).enhance(factor),
    "contrast": lambda picture, factor: ImageEnhance.Contrast(picture).enhance(factor),
    "color": lambda picture, factor: ImageEnhance.Color(picture).enhance(factor),
    "sharpness": lambda picture, factor: ImageEnhance.Sharpness(picture).enhance(factor),
    "posterize": lambda picture, bits: ImageOps.posterize(picture, int(bits)),
    "solarize": lambda picture, threshold: ImageOps.solarize(picture, threshold),
    "autocontrast": lambda picture, _: ImageOps.autocontrast(picture),
    "equalize": lambda picture, _: ImageOps.equalize(picture),
    "invert": lambda picture, _: ImageOps.invert(picture),
}
FACTORS = [0, 0.01, 0.1, 0.37, 0.9, 1, 1.001, 1.3, 1.9, 1.99, 5]
STRENGTHS = {"posterize": range(1, 9), "solarize": [0, 1, 7.5, 127, 128.0, 254.9, 255, 256]}


def pictures(channels: int, height: int = 19, width: int = 32) -> Any:
    """Return noise, dark and bright and narrow ranges, gradients, one colour, two colours, and all bytes in turn."""
    rng = np.random.default_rng(channels)
    shape = (channels, height, width)
    ramp = np.broadcast_to(np.linspace(10, 240, width).astype(np.uint8), shape)
    bytes_in_turn = np.resize(np.arange(256, dtype=np.uint8), shape)
    two = np.where(rng.random(shape) < 0.001, 200, 7).astype(np.uint8)
    noise = [rng.integers(low, high, shape, np.uint8) for low, high in ((0, 256), (0, 9), (100, 140), (250, 256))]
    return np.array([*noise, ramp, bytes_in_turn, two, np.full(shape, 77, np.uint8), np.zeros(shape, np.uint8)])


def as_pillow(image: Any, operation: Callable[[Any, float], Any], strength: float) -> Any:
    picture = Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))
    out = np.asarray(operation(picture, strength))
    return out[None] if len(image) == 1 else out.transpose(2, 0, 1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", COLOURS)
def test_every_byte_is_pillows(name: str, channels: int) -> None:
    images = pictures(channels)
    for strength in STRENGTHS.get(name, FACTORS):
        ours = COLOURS[name](images, np.full(len(images), float(strength)))
        expected = [as_pillow(image, PILLOW[name], strength) for image in images]
        np.testing.assert_array_equal(ours, expected, err_msg=f"{name} {strength}")
        assert ours.dtype == np.uint8


@pytest.mark.parametrize("name", COLOURS)
def test_each_image_has_its_own_strength(name: str) -> None:
    images = pictures(3)
    strength = np.resize(np.array(STRENGTHS.get(name, FACTORS), np.float64), len(images))
    before = images.copy()
    together = COLOURS[name](images, strength)
    for place, own in enumerate(strength):
        np.testing.assert_array_equal(together[place], COLOURS[name](images[place : place + 1], np.array([own]))[0])
    np.testing.assert_array_equal(images, before)
    assert not np.shares_memory(together, images)


def test_the_smallest_pictures_do() -> None:
    images = pictures(3, 8, 8)
    for name, operation in COLOURS.items():
        assert operation(images, np.ones(len(images))).shape == images.shape, name
