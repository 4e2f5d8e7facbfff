"""The weights that training starts from."""

from dataclasses import replace

import numpy as np
import pytest

from nndl.conv_layers import conv_forward_naive
from nndl.engines.reference import REFERENCE
from nndl.net.catalog import LAYERS
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.init import Init, initial_weights
from nndl.net.network import Network
from nndl.net.types import Array


@pytest.mark.parametrize(
    ("kind", "deviation"),
    [
        ("he", np.sqrt(2 / 288)),
        ("xavier", np.sqrt(2 / (288 + 576))),
        ("normal", 0.02),
        ("uniform", 1 / np.sqrt(3 * 288)),
    ],
)
def test_spread(kind: str, deviation: float) -> None:
    w = initial_weights(kind, (64, 32, 3, 3), 288, 576, 0.02, np.random.default_rng(0))  # type: ignore[arg-type]
    assert w.std() == pytest.approx(deviation, rel=0.02)
    assert abs(w.mean()) < deviation / 30


def test_a_filter_of_a_group_starts_from_the_numbers_it_sees() -> None:
    layer = Conv(filters=512, groups=8)
    w = layer.initial_params((128, 8, 8), lambda _: np.random.default_rng(0))["w"]
    assert w.shape == (512, 16, 3, 3)
    assert w.std() == pytest.approx(np.sqrt(2 / (16 * 9)), rel=0.02)
    xavier = replace(layer, init="xavier").initial_params((128, 8, 8), lambda _: np.random.default_rng(0))["w"]
    assert xavier.std() == pytest.approx(np.sqrt(2 / (16 * 9 + 64 * 9)), rel=0.02)


def test_dirac_passes_each_groups_channels_on() -> None:
    x = np.random.default_rng(1).standard_normal((2, 4, 5, 4))
    layer = Conv(filters=6, groups=2, kernel=(3, 5), init="dirac", bias=False)
    params = layer.initial_params((4, 5, 4), lambda _: np.random.default_rng(0))
    out, _ = layer.pair.forward(x, *layer.arguments(params, layer.options()))
    np.testing.assert_array_equal(out[:, [0, 1, 3, 4]], x)


def test_dirac_passes_the_image_on() -> None:
    w = initial_weights("dirac", (5, 3, 3, 3), 27, 45, 1.0, np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((2, 3, 4, 4))
    out, _ = conv_forward_naive(x, w, None, {"stride": 1, "pad": 1})
    np.testing.assert_array_equal(out[:, :3], x)
    assert (w[3:] != 0).all()
    assert np.abs(w[3:]).max() <= 1 / np.sqrt(27)


def behind_ten(kind: str, init: Init) -> Array:
    """Return what ten layers of 256, each with an activation, make of numbers of variance 1."""
    x = np.random.default_rng(0).standard_normal((200, 256))
    rows = [(Affine(out_features=256, init=init), LAYERS[kind]()) for _ in range(10)]
    network = Network([layer for row in rows for layer in row], (256,), REFERENCE, dtype="float64")
    return network.scores(x)


@pytest.mark.parametrize("kind", ["relu", "leaky_relu", "relu6", "prelu", "elu", "tanh"])
def test_he_keeps_the_scale_through_activations(kind: str) -> None:
    """docs/layers.md says of which."""
    assert 0.5 < behind_ten(kind, "he").std() < 2


def test_the_scale_behind_others_is_what_the_guide_says() -> None:
    assert behind_ten("tanh", "he").std() == pytest.approx(0.56, abs=0.02)
    assert behind_ten("tanh", "xavier").std() == pytest.approx(0.23, abs=0.02)
    for kind in ("silu", "hard_swish"):
        assert 0.05 < behind_ten(kind, "he").std() < 0.2
    for kind in ("sigmoid", "hard_sigmoid"):
        for init in ("he", "xavier"):
            assert behind_ten(kind, init).std(axis=0).mean() < 3e-5
