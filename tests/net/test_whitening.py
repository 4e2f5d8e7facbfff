"""Whitening filters make patches uncorrelated, and a build sets the first layer to them."""

import numpy as np
import pytest

from nndl.config import parse_config
from nndl.config.build import build
from nndl.conv_layers import conv_forward_naive
from nndl.errors import ConfigError
from nndl.fast_layers import conv_forward_fast
from nndl.net.whitening import whitening_filters

FIRST = "conv: {filters: 24, kernel: 2, pad: 0, init: whitening}"
TAIL = "data: {dataset: synthetic, train_size: 300, test_size: 100, validation_size: 50}\ntrain: {batch_size: 50}\n"


def test_the_outputs_are_uncorrelated_and_of_variance_one() -> None:
    random = np.random.default_rng(0)
    mixed = np.einsum("dc,nchw->ndhw", random.standard_normal((2, 2)), random.standard_normal((7, 2, 9, 8)))
    w = whitening_filters(mixed, 3, 1e-12)
    assert w.shape == (36, 2, 3, 3)
    out, _ = conv_forward_naive(mixed, w, np.zeros(36), {"stride": 1, "pad": 0})
    rows = out.transpose(0, 2, 3, 1).reshape(-1, 36)
    np.testing.assert_allclose(rows[:, :18].T @ rows[:, :18] / len(rows), np.eye(18), atol=1e-8)
    np.testing.assert_array_equal(w[18:], -w[:18])


def test_eps_keeps_small_directions_small() -> None:
    images = np.random.default_rng(0).standard_normal((4, 1, 8, 8)) * 1e-3
    assert np.abs(whitening_filters(images, 2, 1.0)).max() <= 1.0
    assert np.isfinite(whitening_filters(np.zeros((4, 1, 8, 8)), 2, 1e-6)).all()


def test_the_largest_variance_comes_first() -> None:
    images = np.random.default_rng(0).standard_normal((20, 1, 8, 8)).cumsum(axis=3)
    w = whitening_filters(images, 2, 1e-9)
    norms = np.linalg.norm(w[:4].reshape(4, -1), axis=1)
    assert (np.diff(norms) > 0).all()


def test_a_build_whitens_the_images_it_trains_on() -> None:
    built = build(parse_config(f"model: {{layers: [{FIRST}, gelu, affine: 10]}}\n{TAIL}", "f"))
    images = built.split.normalize.apply(built.split.dataset.train.images[built.split.train], np.float64)
    w = built.network.params["conv1.w"].astype(np.float64)
    out, _ = conv_forward_fast(images, w, np.zeros(24), {"stride": 1, "pad": 0})
    rows = out[:, :12].transpose(0, 2, 3, 1).reshape(-1, 12)
    variances = np.diag(rows.T @ rows / len(rows))
    assert variances[0] == pytest.approx(1.0, abs=0.01)
    assert (variances <= 1.0 + 1e-6).all()


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ("conv: {filters: 24, kernel: 3, init: whitening}, affine: 10", "gives 54 filters for 3 channels and kernel 3"),
        (
            f"{FIRST}, conv: {{filters: 192, kernel: 2, pad: 0, init: whitening}}, affine: 10",
            "for the first layer only",
        ),
        ("affine: {out_features: 10, init: whitening}", "init: whitening makes filters, and affine has none"),
    ],
)
def test_where_there_is_nothing_to_whiten_it_is_refused(layers: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_config(f"model: {{layers: [{layers}]}}", "f")
