"""Test-time augmentation: which views, and how they are weighted."""

import re

import numpy as np
import pytest

from nndl.errors import UsageError
from nndl.net.types import Array
from nndl.train.evaluate import EvaluationStoppedError, evaluate
from nndl.train.views import TTA, Tta, as_tta, in_words, least_certain, scores_of_views, views, with_more_views
from tests.train.tiny import images, network, normalize

PIXELS = np.arange(2 * 3 * 4 * 4, dtype=np.uint8).reshape(2, 3, 4, 4)


@pytest.mark.parametrize(("tta", "count"), [("none", 1), ("mirror", 2), ("mirror+translate", 6)])
def test_the_weights_sum_to_one_and_shape_and_dtype_stay(tta: Tta, count: int) -> None:
    made = list(views(PIXELS, tta))
    assert len(made) == count
    assert sum(weight for weight, _ in made) == 1
    assert all(view.shape == PIXELS.shape and view.dtype == np.uint8 for _, view in made)


def test_half_of_the_weight_is_on_the_image_and_its_mirror_image_and_the_rest_on_shifts() -> None:
    made = list(views(PIXELS, "mirror+translate"))
    assert [weight for weight, _ in made] == [0.25, 0.25, 0.125, 0.125, 0.125, 0.125]
    np.testing.assert_array_equal(made[0][1], PIXELS)
    np.testing.assert_array_equal(made[2][1][:, :, 1:, 1:], PIXELS[:, :, :-1, :-1])  # down and right by one
    np.testing.assert_array_equal(made[4][1][:, :, :-1, :-1], PIXELS[:, :, 1:, 1:])  # up and left
    np.testing.assert_array_equal(made[2][1][:, :, 0, 1:], PIXELS[:, :, 1, :-1])  # its rim is reflected
    for plain, mirrored in zip(made[::2], made[1::2], strict=True):
        np.testing.assert_array_equal(plain[1][..., ::-1], mirrored[1])


def test_scores_are_the_weighted_mean_over_views() -> None:
    model, pixels = network(), images(6)[0]
    expected = sum(weight * model.scores(normalize(view)) for weight, view in views(pixels, "mirror+translate"))
    got = scores_of_views(model.scores, pixels, normalize, "mirror+translate")
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-7)
    assert got.dtype == np.float32


def test_mirror_views_make_the_scores_blind_to_mirroring() -> None:
    model, pixels = network(), images(6)[0]
    one, other = (scores_of_views(model.scores, x, normalize, "mirror") for x in (pixels, pixels[..., ::-1]))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("tta", TTA)
def test_evaluation_scores_views(tta: Tta) -> None:
    model, (pixels, labels) = network(), images(10)
    scores = scores_of_views(model.scores, pixels, normalize, tta)
    result = evaluate(model, pixels, labels, normalize, batch_size=4, tta=tta)
    assert result.accuracy == np.mean(np.argmax(scores, axis=1) == labels)
    assert result.loss == pytest.approx(model.loss_function(scores, labels)[0], rel=1e-5)


@pytest.mark.parametrize(
    ("given", "tta"),
    [
        ("mirror:0.25", "mirror:0.25"),
        ("mirror+translate:.5", "mirror+translate:0.5"),
        ("mirror:1.0", "mirror"),
        ("none:0.5", "none"),
        ({"views": "mirror+translate", "share": 0.25}, "mirror+translate:0.25"),
        ({"share": 0.5}, "mirror+translate:0.5"),
        ({"views": "mirror"}, "mirror"),
        ({"views": "mirror", "share": 1}, "mirror"),
        ({"views": "mirror", "share": 0.99999}, "mirror:0.99999"),
        ({"views": "mirror", "share": 0.9999999}, "mirror"),
        ({"views": "mirror", "share": 0.00015}, "mirror:0.00015"),
    ],
)
def test_a_share_is_said_in_a_word_or_a_mapping(given: object, tta: Tta) -> None:
    assert as_tta(given) == as_tta(tta) == tta


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("mirror:0", "as in mirror:0.25, not 'mirror:0'"),
        ("mirror:0.00001", "share should be from 0.0001 to 1, not 1e-05"),
        ("mirror:25", "as in mirror:0.25, not 'mirror:25'"),
        ("flip", "none, mirror or mirror"),
        (0.25, "not 0.25"),
        ({"views": "flip"}, "views should be none, mirror or mirror"),
        ({"views": "mirror", "share": 25}, "share should be from 0.0001 to 1, not 25"),
        ({"views": "mirror", "share": True}, "share should be from 0.0001 to 1, not True"),
        ({"views": "mirror", "part": 0.5}, "no 'part'"),
    ],
)
def test_what_is_no_augmentation_is_refused_in_words(given: object, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        as_tta(given)


def test_a_share_is_told_to_people() -> None:
    assert in_words("mirror") == "mirror"
    assert in_words("mirror+translate:0.25") == "mirror+translate of the least certain 25 %"


def test_the_least_certain_are_those_whose_two_highest_scores_are_closest() -> None:
    scores = np.array([[9.0, 1.0, 0.0], [2.0, 1.9, -50.0], [0.0, 5.0, 4.0], [7.0, 7.0, 7.0]])
    assert least_certain(scores, 0.25).tolist() == [3]
    assert least_certain(scores, 0.5).tolist() == [1, 3]
    assert least_certain(scores, 0.51).tolist() == [1, 2, 3]
    assert least_certain(scores, 1).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("kind", ["mirror", "mirror+translate"])
def test_only_the_least_certain_have_more_views(kind: str) -> None:
    model, (pixels, labels) = network(), images(20)
    alone = scores_of_views(model.scores, pixels, normalize)
    over_all = scores_of_views(model.scores, pixels, normalize, kind)
    chosen = least_certain(alone, 0.25)
    expected = alone.copy()
    expected[chosen] = over_all[chosen]
    scored = 0

    def counting(X: Array) -> Array:
        nonlocal scored
        scored += len(X)
        return model.scores(X)

    found = with_more_views(alone, counting, pixels, normalize, 2, f"{kind}:0.25")
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
    assert len(chosen) == 5
    assert scored == {"mirror": 5, "mirror+translate": 25}[kind]
    result = evaluate(model, pixels, labels, normalize, batch_size=3, tta=f"{kind}:0.25")
    assert result.accuracy == np.mean(np.argmax(expected, axis=1) == labels)
    assert result.loss == pytest.approx(model.loss_function(expected, labels)[0], rel=1e-5)
    assert abs(result.loss - model.loss_function(alone, labels)[0]) > 1e-6


def test_scoring_more_views_stops_when_asked() -> None:
    model, (pixels, labels) = network(), images(20)
    asked = iter([False, False, True])
    with pytest.raises(EvaluationStoppedError):
        evaluate(model, pixels, labels, normalize, 10, lambda: next(asked), tta="mirror:0.5")
