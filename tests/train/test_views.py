"""Test-time augmentation: which views, and how they are weighted."""

import numpy as np
import pytest

from nndl.train.evaluate import evaluate
from nndl.train.views import TTA, Tta, scores_of_views, views
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
