from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl.data.augment import (
    GREY,
    TRANSFORMS,
    AlternatingFlip,
    AutoAugment,
    Autocontrast,
    ColorJitter,
    Crop,
    Cutout,
    Equalize,
    Flip,
    Invert,
    Posterize,
    RandAugment,
    RandomAffine,
    RandomErasing,
    Rotation,
    Sharpness,
    Solarize,
    Transform,
    TrivialAugment,
)
from nndl.data.augment.transform import CHANCES, Chance
from tests.data import fake

EXAMPLES = [
    Flip(),
    AlternatingFlip(),
    Crop(),
    Crop(pad=2, mode="reflect"),
    Crop(pad=31, mode="reflect"),
    Cutout(),
    Cutout(size=5),
    ColorJitter(brightness=0.3),
    ColorJitter(contrast=0.5),
    ColorJitter(0.2, 0.3, 0.4),
    RandomErasing(),
    RandomErasing(probability=1.0, fill="mean"),
    Rotation(),
    Rotation(40, probability=0.3, interpolation="nearest"),
    RandomAffine(degrees=20, translate=0.2, scale=(0.8, 1.2), shear=15, fill="mean"),
    Sharpness(1.0),
    Posterize(),
    Solarize(),
    Autocontrast(),
    Equalize(),
    Invert(),
    TrivialAugment(),
    RandAugment(),
    AutoAugment(interpolation="bilinear"),
]
OF_BYTES = (Sharpness, Posterize, Solarize, Autocontrast, Equalize, Invert, TrivialAugment, RandAugment, AutoAugment)
"""Kinds whose colours only bytes have."""
IMAGES = fake.images(24)[0]
EVERY = np.arange(24)

DTYPES = (np.uint8, np.float32, np.float64)


def of_dtypes(*dtypes: Any) -> Any:
    """Give a test every example with every dtype that it takes."""
    both = [(example, dtype) for example in EXAMPLES for dtype in dtypes]
    return pytest.mark.parametrize(
        ("transform", "dtype"),
        [each for each in both if each[1] == np.uint8 or not isinstance(each[0], OF_BYTES)],
        ids=str,
    )


every_transform = pytest.mark.parametrize("transform", EXAMPLES, ids=str)


@of_dtypes(*DTYPES)
@settings(max_examples=7, deadline=None)
@given(order=st.permutations(range(24)), size=st.integers(1, 24), epoch=st.integers(0, 9))
def test_an_image_is_changed_alike_in_any_batch(
    transform: Transform, dtype: Any, order: list[int], size: int, epoch: int
) -> None:
    images, chosen = IMAGES.astype(dtype), np.array(order[:size])
    everything = transform.apply(images, EVERY + 100, epoch, 7)
    np.testing.assert_array_equal(transform.apply(images[chosen], chosen + 100, epoch, 7), everything[chosen])


@of_dtypes(*DTYPES)
def test_gives_a_new_batch_of_the_same_kind(transform: Transform, dtype: Any) -> None:
    images = IMAGES.astype(dtype)
    before = images.copy()
    out = transform.apply(images, EVERY, 0, 0)
    assert (out.shape, out.dtype) == (images.shape, images.dtype)
    assert not np.shares_memory(out, images)
    np.testing.assert_array_equal(images, before)
    assert not np.array_equal(out, images)


@every_transform
def test_seed_and_epoch_both_count(transform: Transform) -> None:
    images = IMAGES // 2 + 20  # of little contrast, which there is then something to do about
    first = transform.apply(images, EVERY, 0, 0)
    assert not np.array_equal(first, transform.apply(images, EVERY, 1, 0))
    assert not np.array_equal(first, transform.apply(images, EVERY, 0, 1))
    np.testing.assert_array_equal(first, transform.apply(images, EVERY, 0, 0))


def test_streams_are_apart() -> None:
    streams = [kind.stream for kind in TRANSFORMS.values()]
    assert len({0, *streams}) == 1 + len(TRANSFORMS)  # 0 shuffles
    assert max(streams) < CHANCES


@pytest.mark.parametrize("kind", [kind for kind in TRANSFORMS.values() if issubclass(kind, Chance)])
def test_every_kind_is_among_the_examples(kind: type[Transform]) -> None:
    assert kind in {type(example) for example in EXAMPLES}
    assert 0 <= kind().probability <= 1  # type: ignore[attr-defined]


@of_dtypes(np.uint8, np.float32)
def test_probability_says_how_many_are_changed(transform: Transform, dtype: Any) -> None:
    if isinstance(transform, AlternatingFlip):  # a half by what it is
        return
    images = np.random.default_rng(1).integers(20, 200, (300, 3, 32, 32), np.uint8).astype(dtype)
    index = np.arange(300)

    def changed(probability: float) -> Any:
        out = replace(transform, probability=probability).apply(images, index, 1, 3)  # type: ignore[call-arg]
        return out, (out != images).any(axis=(1, 2, 3))

    (never, none), (some, few), (always, most) = changed(0), changed(0.3), changed(1)
    np.testing.assert_array_equal(never, images)
    assert not none.any()
    assert most.mean() > 0.6  # some come to nothing: shifted by 0, or a policy's pair that happens seldom
    assert few.mean() == pytest.approx(0.3 * most.mean(), abs=0.1)
    np.testing.assert_array_equal(some[few], always[few])  # whether one is changed does not move how


def is_mirrored(out: Any, images: Any) -> Any:
    mirrored = (out == images[..., ::-1]).all(axis=(1, 2, 3))
    np.testing.assert_array_equal(mirrored, ~(out == images).all(axis=(1, 2, 3)))
    return mirrored


@pytest.mark.parametrize("transform", [Flip(), AlternatingFlip()], ids=str)
def test_half_are_mirrored(transform: Transform) -> None:
    images = np.arange(4000 * 3 * 2, dtype=np.float64).reshape(4000, 3, 1, 2)
    assert is_mirrored(transform.apply(images, np.arange(4000), 3, 0), images).mean() == pytest.approx(0.5, abs=0.03)


def test_two_epochs_of_alternating_flip_show_both_ways() -> None:
    epochs = [is_mirrored(AlternatingFlip().apply(IMAGES, EVERY, epoch, 0), IMAGES) for epoch in range(4)]
    np.testing.assert_array_equal(epochs[0], ~epochs[1])
    np.testing.assert_array_equal(epochs[0], epochs[2])
    np.testing.assert_array_equal(epochs[1], epochs[3])


@pytest.mark.parametrize(("mode", "numpy_mode"), [("zero", "constant"), ("reflect", "reflect")])
@pytest.mark.parametrize("pad", [1, 4, 31])
def test_crops_are_windows_of_the_padded_image(mode: Any, numpy_mode: Any, pad: int) -> None:
    out = Crop(pad=pad, mode=mode).apply(IMAGES, EVERY, 2, 0)
    padded = np.pad(IMAGES, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode=numpy_mode)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (32, 32), (2, 3))
    found = [(windows[n] == out[n, :, None, None]).all(axis=(0, 3, 4)).any() for n in range(24)]
    assert all(found)


def test_crops_go_everywhere_evenly() -> None:
    images = np.zeros((2500, 1, 5, 5), np.uint8)
    images[:, :, 2, 2] = 1
    places = Crop(pad=2).apply(images, np.arange(2500), 0, 0).sum(axis=(0, 1))
    np.testing.assert_allclose(places, 100, atol=40)


def test_no_pad_no_change() -> None:
    np.testing.assert_array_equal(Crop(pad=0, mode="reflect").apply(IMAGES, EVERY, 0, 0), IMAGES)


@pytest.mark.parametrize(("dtype", "fill"), [(np.uint8, GREY), (np.float32, 0)])
def test_cutout_greys_a_square(dtype: Any, fill: int) -> None:
    images = np.full((500, 3, 32, 32), 200, dtype)
    cut = Cutout(size=6).apply(images, np.arange(500), 0, 0) == fill
    areas = cut[:, 0].sum(axis=(1, 2))
    assert areas.max() == 36
    assert areas.min() >= 9  # the centre lies inside, a quarter at least is seen
    np.testing.assert_array_equal(cut[:, 0], cut[:, 2])
    rows, columns = cut[:, 0].any(axis=2).sum(axis=1), cut[:, 0].any(axis=1).sum(axis=1)
    np.testing.assert_array_equal(rows * columns, areas)
    assert cut[:, 0].any(axis=0).all()  # every pixel is hit some time


def test_brightness_scales_by_one_factor_an_image() -> None:
    images = np.full((400, 3, 4, 4), 100.0)
    factors = ColorJitter(brightness=0.3).apply(images, np.arange(400), 0, 0)[:, 0, 0, 0] / 100
    assert 0.7 <= factors.min() < 0.72
    assert 1.28 < factors.max() <= 1.3


def test_contrast_and_saturation_keep_brightness() -> None:
    images = IMAGES.astype(np.float64)
    luma = np.array([0.299, 0.587, 0.114])
    contrast = ColorJitter(contrast=0.5).apply(images, EVERY, 0, 0)
    np.testing.assert_allclose(np.einsum("nchw,c->n", contrast - images, luma), 0, atol=1e-8)
    assert not np.allclose(np.einsum("nchw,c->nhw", contrast - images, luma), 0, atol=1)
    saturation = ColorJitter(saturation=0.5).apply(images, EVERY, 0, 0)
    np.testing.assert_allclose(np.einsum("nchw,c->nhw", saturation - images, luma), 0, atol=1e-9)
    grey = np.repeat(images[:, :1], 3, axis=1)
    np.testing.assert_allclose(ColorJitter(saturation=1.0).apply(grey, EVERY, 0, 0), grey)


def test_uint8_is_rounded_and_clipped_like_float() -> None:
    jitter = ColorJitter(0.6, 0.6, 0.6)
    exact = jitter.apply(IMAGES.astype(np.float32), EVERY, 0, 0)
    assert exact.max() > 255
    np.testing.assert_array_equal(jitter.apply(IMAGES, EVERY, 0, 0), np.rint(exact).clip(0, 255))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (Crop, {"pad": 224}),
        (Crop, {"pad": -1}),
        (Crop, {"mode": "wrap"}),
        (Cutout, {"size": 0}),
        (Cutout, {"size": 225}),
        (ColorJitter, {"contrast": 1.5}),
        (ColorJitter, {"brightness": float("nan")}),
    ],
)
def test_options_that_make_no_sense(kind: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"crop:|cutout:|color_jitter:"):
        kind(**options)


@of_dtypes(np.uint8, np.float32)
@pytest.mark.parametrize("shape", [(1, 32, 32), (1, 40, 33), (3, 36, 64)])
def test_images_may_be_grey_and_of_any_size(transform: Transform, shape: tuple[int, int, int], dtype: Any) -> None:
    images = np.random.default_rng(0).integers(20, 200, (24, *shape), np.uint8).astype(dtype)
    transform.check(*shape[1:])
    out = transform.apply(images, EVERY, 1, 0)
    assert (out.shape, out.dtype) == (images.shape, images.dtype)
    assert not np.array_equal(out, images)


def test_grey_changes_as_colours_that_are_all_grey() -> None:
    jitter, grey = ColorJitter(0.2, 0.3, 0.4), IMAGES[:, :1].astype(np.float64)
    coloured = jitter.apply(np.repeat(grey, 3, axis=1), EVERY, 2, 1)
    np.testing.assert_allclose(jitter.apply(grey, EVERY, 2, 1), coloured[:, 1:2], rtol=1e-12)


@pytest.mark.parametrize(
    ("transform", "fits", "words"),
    [
        (Crop(pad=27), (28, 30), "from 0 to 27 with images of 28 x 30"),
        (Cutout(size=30), (28, 30), "from 1 to 30 with images of 28 x 30"),
    ],
    ids=str,
)
def test_images_may_be_too_small(transform: Transform, fits: tuple[int, int], words: str) -> None:
    transform.check(*fits)
    larger = type(transform)(vars(transform)[str(transform.shorthand)] + 1)
    with pytest.raises(ValueError, match=words):
        larger.check(*fits)


@pytest.mark.parametrize("kind", OF_BYTES)
def test_colours_that_only_bytes_have(kind: Any) -> None:
    with pytest.raises(TypeError, match=r"changes bytes \(uint8\), not float32"):
        kind(probability=1.0).apply(IMAGES.astype(np.float32), EVERY, 0, 0)


@pytest.mark.parametrize(
    ("transform", "change"),
    [
        (Posterize(3), lambda images: images & 0b11100000),
        (Solarize(200), lambda images: np.where(images >= 200, 255 - images, images)),
        (Invert(), lambda images: 255 - images),
    ],
    ids=["posterize", "solarize", "invert"],
)
def test_simple_operations_in_half_of_the_images(transform: Transform, change: Any) -> None:
    out = transform.apply(IMAGES, EVERY, 0, 0)
    done = (out != IMAGES).any(axis=(1, 2, 3))
    np.testing.assert_array_equal(out[done], change(IMAGES[done]))
    assert 5 < done.sum() < 19


def test_sharpness_smooths_and_sharpens() -> None:
    images = np.random.default_rng(3).integers(60, 200, (400, 1, 12, 12), np.uint8)
    out = Sharpness(0.5, probability=1.0).apply(images, np.arange(400), 0, 0)
    contrast, before = (each[:, :, 1:-1, 1:-1].std(axis=(1, 2, 3)) for each in (out, images))
    contrast /= before
    assert contrast.min() < 0.7
    assert contrast.max() > 1.3
    assert (contrast > 1).mean() == pytest.approx(0.5, abs=0.08)
