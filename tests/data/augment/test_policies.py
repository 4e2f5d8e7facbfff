from typing import Any

import numpy as np
import pytest
from PIL import Image

from nndl.data import counter
from nndl.data.augment import AutoAugment, RandAugment, TrivialAugment
from nndl.data.augment.operations import COLOURS
from nndl.data.augment.policies import CIFAR10, Policy
from tests.data.augment.test_operations import PILLOW, as_pillow, pictures

POLICIES = [TrivialAugment(fill=(1, 2, 3)), RandAugment(fill=(1, 2, 3)), AutoAugment(fill=(1, 2, 3))]
GEOMETRY: dict[str, Any] = {  # the maps that the papers' programs give to Pillow
    "shear_x": lambda m: (1, m, 0, 0, 1, 0),
    "shear_y": lambda m: (1, 0, 0, m, 1, 0),
    "translate_x": lambda m: (1, 0, -int(m), 0, 1, 0),
    "translate_y": lambda m: (1, 0, 0, 0, 1, -int(m)),
}
INDEX = np.arange(4000)


def by_pillow(image: Any, name: str, strength: float) -> Any:
    """Do an operation to an image (3, H, W) as torchvision does it to a picture."""

    def operation(picture: Any, magnitude: float) -> Any:
        if name == "identity":
            return picture
        if name == "rotate":
            return picture.rotate(magnitude, fillcolor=(1, 2, 3))
        if name in GEOMETRY:
            return picture.transform(
                picture.size, Image.Transform.AFFINE, GEOMETRY[name](magnitude), fillcolor=(1, 2, 3)
            )
        return PILLOW[name](
            picture, 1 + magnitude if name in ("brightness", "color", "contrast", "sharpness") else magnitude
        )

    return as_pillow(image, operation, strength)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.kind)
@pytest.mark.parametrize("level", [0.0, 7 / 30, 1.0])
def test_operations_are_those_of_torchvision(policy: Policy, level: float) -> None:
    images = pictures(3, 30, 37)
    for number, (name, strengths) in enumerate(policy.ranges(30, 37).items()):
        for sign in (1, -1):
            ours = policy.operated(images, np.full(len(images), number), np.full(len(images), level), np.full(9, sign))
            strength = strengths.at(np.array(level), np.array(sign))
            strength = np.rint(strength) if name == "posterize" else strength
            theirs = np.array([by_pillow(image, name, float(strength)) for image in images])
            if name in COLOURS or name.startswith("translate"):
                np.testing.assert_array_equal(ours, theirs, err_msg=name)
            else:  # Pillow's places are in 1/65536 of a pixel
                assert (ours != theirs).mean() < 0.01, name


def test_levels_are_those_of_the_papers() -> None:
    bits = [TrivialAugment().ranges(32, 32)["posterize"].at(np.arange(31) / 30, np.ones(31)) for _ in range(1)]
    assert np.rint(bits[0]).tolist() == [8 - round(level / 5) for level in range(31)]
    level = np.array([0, 5, 9]) / 9
    narrow = AutoAugment().ranges(32, 48)
    np.testing.assert_allclose(narrow["translate_x"].at(level, np.ones(3)), [0, 5 / 9 * 150 / 331 * 48, 150 / 331 * 48])
    np.testing.assert_allclose(narrow["rotate"].at(level, -np.ones(3)), [0, -30 * 5 / 9, -30])
    np.testing.assert_allclose(narrow["solarize"].at(level, -np.ones(3)), [255, 255 * 4 / 9, 0])
    assert np.rint(narrow["posterize"].at(np.arange(10) / 9, np.ones(10))).tolist() == [8, 8, 7, 7, 6, 6, 5, 5, 4, 4]


def test_the_pairs_of_autoaugment_are_all_there() -> None:
    names = AutoAugment().ranges(32, 32)
    assert len(CIFAR10) == 25
    for pair in CIFAR10:
        assert len(pair) == 2
        for name, probability, level in pair:
            assert name in names
            assert 0 <= probability <= 1
            assert 0 <= level <= 9


def calls(policy: Policy, epoch: int = 0) -> list[tuple[Any, Any, Any]]:
    """Return the numbers of operations, levels and signs (4000,) that a policy performs, in order."""
    seen = []

    def note(_: Any, images: Any, *drawn: Any) -> Any:
        seen.append(drawn)
        return images

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Policy, "operated", note)
        policy.change(np.zeros((4000, 3, 8, 8), np.uint8), INDEX, epoch, 5)
    return seen


def test_trivial_augment_draws_all_evenly() -> None:
    ((numbers, level, sign),) = calls(TrivialAugment())
    np.testing.assert_allclose(np.bincount(numbers) / 4000, 1 / 14, atol=0.02)
    np.testing.assert_allclose(np.bincount(np.rint(level * 30).astype(int)) / 4000, 1 / 31, atol=0.015)
    assert sign.mean() == pytest.approx(0, abs=0.05)


def test_rand_augment_takes_so_many_of_one_level() -> None:
    seen = calls(RandAugment(level=12, operations=3))
    assert len(seen) == 3
    for numbers, level, _ in seen:
        np.testing.assert_allclose(np.bincount(numbers) / 4000, 1 / 14, atol=0.02)
        assert set(level) == {0.4}
    assert np.corrcoef(seen[0][0], seen[1][0])[0, 1] == pytest.approx(0, abs=0.05)


def test_auto_augment_takes_pairs_with_their_probabilities() -> None:
    names = [*AutoAugment().ranges(8, 8), "none"]
    pairs = counter.integers((5, AutoAugment.stream, 0), INDEX, (25,))[0]
    for place, (numbers, level, _) in enumerate(calls(AutoAugment())):
        for number, pair in enumerate(CIFAR10):
            name, probability, strength = pair[place]
            of_pair = numbers[pairs == number]
            assert {names[each] for each in of_pair} <= {name, "none"}
            assert (of_pair >= 0).mean() == pytest.approx(probability, abs=0.15)
            np.testing.assert_allclose(level[pairs == number], strength / 9)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 8, 8), (3, 50, 33)])
@pytest.mark.parametrize("policy", [TrivialAugment(), RandAugment(30, operations=4), AutoAugment()], ids=str)
def test_pictures_may_be_grey_and_of_any_size(policy: Policy, shape: Any) -> None:
    images = np.random.default_rng(0).integers(0, 256, (300, *shape), np.uint8)
    out = policy.apply(images, INDEX[:300], 0, 0)
    assert (out.shape, out.dtype) == (images.shape, np.uint8)
    assert 0.3 < (out != images).any(axis=(1, 2, 3)).mean() <= 1
