"""Our spatial batch norm gives the figures that the courses publish."""

import numpy as np
import pytest

from nndl.check.figures import GRADIENT_ERRORS, PUBLISHED, SHAPE, Figures, agrees, measure, notebook_batch
from nndl.check.gradients import check_gradients, random_upstream
from nndl.conv_layers import spatial_batchnorm_backward, spatial_batchnorm_forward
from tests.contracts.wrong_layers import bn_over_the_wrong_axis


@pytest.mark.parametrize("published", PUBLISHED)
@pytest.mark.parametrize("seed", range(5))
def test_means_and_deviations_per_channel(published: Figures, seed: int) -> None:
    measured = measure(spatial_batchnorm_forward, notebook_batch(seed), published.gamma, published.beta)
    assert agrees(published, *measured), measured


def test_the_published_deviations_are_those_of_their_variances() -> None:
    """The three printed digits follow from |gamma| sqrt(var / (var + eps)): with those variances, all are met."""
    gamma, published = np.array(PUBLISHED[1].gamma), np.array(PUBLISHED[1].deviations)
    variances = 1e-5 / ((gamma / published) ** 2 - 1)
    x = notebook_batch()
    rows = x.transpose(1, 0, 2, 3).reshape(3, -1)
    rows = (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True)
    x = (rows * np.sqrt(variances)[:, None]).reshape(3, 2, 4, 5).transpose(1, 0, 2, 3) + 10
    _, deviations = measure(spatial_batchnorm_forward, x, gamma, PUBLISHED[1].beta)
    np.testing.assert_allclose(deviations, published, rtol=0, atol=5e-9)
    assert np.all((variances > 8) & (variances < 24))


def test_the_wrong_axis_shows_in_the_figures() -> None:
    for published in PUBLISHED:
        measured = measure(bn_over_the_wrong_axis, notebook_batch(), published.gamma, published.beta)
        assert not agrees(published, *measured)


def test_gradient_errors() -> None:
    random = np.random.default_rng(231)
    arrays = {
        "x": 5 * random.standard_normal(SHAPE) + 12,
        "gamma": random.standard_normal(3),
        "beta": random.standard_normal(3),
    }

    def forward() -> tuple[np.ndarray, object]:
        return spatial_batchnorm_forward(*arrays.values(), {"mode": "train"})

    dout = random_upstream(SHAPE)
    gradients = dict(zip(arrays, spatial_batchnorm_backward(dout, forward()[1]), strict=True))
    check = check_gradients(lambda: forward()[0], arrays, gradients, dout, coordinates=120)
    for row in check.rows:
        # The figures are orders of magnitude: the notebooks' x is unseeded.
        assert row.error < 10 * GRADIENT_ERRORS[row.name], row
