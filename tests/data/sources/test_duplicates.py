"""Pictures that are there twice are found though they were scaled, compressed or brightened; others are not."""

import numpy as np
import pytest

from nndl.data.pictures import decode_picture
from nndl.data.sources.duplicates import difference_hash, exact_pairs, near_pairs, thumbnails
from tests.data.photographs import coded

Image = pytest.importorskip("PIL.Image")


def scene(seed: int) -> np.ndarray:
    """A picture of soft patches, uint8 (96, 80, 3)."""
    rough = np.random.default_rng(seed).integers(0, 256, (6, 5, 3), np.uint8)
    return np.asarray(Image.fromarray(rough).resize((80, 96), Image.Resampling.BICUBIC))


def looked_at(pixels: np.ndarray, kind: str = "PNG") -> np.ndarray:
    return decode_picture(coded(Image.fromarray(pixels), kind), "x", (3, 72, 72), "squeeze")


def test_fields_are_means() -> None:
    image = np.arange(16 * 18, dtype=np.uint8).reshape(1, 1, 16, 18) // 2
    expected = image.reshape(1, 8, 2, 9, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(thumbnails(image), expected, rtol=1e-6)
    odd = np.full((2, 3, 11, 13), 77, np.uint8)
    np.testing.assert_allclose(thumbnails(odd), 77, rtol=1e-5)


def test_bits_say_which_field_is_brighter_than_the_one_at_its_left() -> None:
    thumbs = np.zeros((3, 8, 9))
    thumbs[1] = np.arange(9)
    thumbs[2, 7, 8] = 1
    assert difference_hash(thumbs).tolist() == [0, 2**64 - 1, 1]


def test_copies_that_were_changed_a_little_are_near() -> None:
    one = scene(0)
    copies = [
        one,
        np.asarray(Image.fromarray(one).resize((160, 192), Image.Resampling.BICUBIC)),
        (one * 0.97).astype(np.uint8),
    ]
    images = (
        [looked_at(copy) for copy in copies] + [looked_at(one, "JPEG")] + [looked_at(scene(n)) for n in range(1, 40)]
    )
    pairs = near_pairs(thumbnails(np.array(images)))
    assert set(pairs) == {(a, b) for a in range(4) for b in range(a + 1, 4)}


def test_pictures_of_one_colour_and_inverted_ones_are_not() -> None:
    plain = [np.full((3, 72, 72), level, np.uint8) for level in (10, 10, 200)]
    light = looked_at(scene(3)) // 4
    images = [*plain, light, light + 150]
    assert near_pairs(thumbnails(np.array(images))) == []


def test_many_that_are_alike_in_a_part_are_found_fast() -> None:
    thumbs = np.random.default_rng(0).uniform(0, 255, (20_000, 8, 9)).astype(np.float32)
    thumbs[777] = thumbs[5]
    assert near_pairs(thumbs) == [(5, 777)]


def test_exact_copies_are_counted_once_each() -> None:
    assert exact_pairs([b"a", b"b", b"a", b"a", b"c"]) == [(0, 2), (0, 3)]
