"""The definitions on images: right against numerical gradients, and equal to the courses' published figures."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nndl import conv_layers
from nndl.check.gradients import relative_error
from tests.pairs import Tried, check_backward, check_inputs_and_dtype, draw, tried

Array = NDArray[Any]


def pool_param(height: int, width: int, stride: int) -> dict[str, int]:
    return {"pool_height": height, "pool_width": width, "stride": stride}


Case = tuple[str, dict[str, tuple[int, ...]], tuple[Any, ...]]

# name of forward and backward, arrays by argument, the constants that follow them.
CASES: dict[str, Case] = {
    "conv": ("conv_{}_naive", {"x": (2, 3, 5, 5), "w": (2, 3, 3, 3), "b": (2,)}, ({"stride": 1, "pad": 1},)),
    "conv, odd, stride 2": (
        "conv_{}_naive",
        {"x": (1, 2, 7, 5), "w": (3, 2, 3, 2), "b": (3,)},
        ({"stride": 2, "pad": 0},),
    ),
    "conv, rounded down": (
        "conv_{}_naive",
        {"x": (2, 1, 6, 6), "w": (1, 1, 3, 3), "b": (1,)},
        ({"stride": 2, "pad": 0},),
    ),
    "conv, 1 x 1": ("conv_{}_naive", {"x": (1, 3, 1, 1), "w": (2, 3, 1, 1), "b": (2,)}, ({"stride": 1, "pad": 2},)),
    "conv without bias": ("conv_{}_naive", {"x": (2, 2, 4, 4), "w": (2, 2, 3, 3)}, (None, {"stride": 1, "pad": 1})),
    "max_pool": ("max_pool_{}_naive", {"x": (3, 2, 8, 8)}, (pool_param(2, 2, 2),)),
    "max_pool, overlapping": ("max_pool_{}_naive", {"x": (1, 2, 7, 6)}, (pool_param(3, 2, 1),)),
    "max_pool, apart": ("max_pool_{}_naive", {"x": (2, 1, 7, 8)}, (pool_param(2, 2, 3),)),
    "avg_pool": ("avg_pool_{}_naive", {"x": (2, 2, 6, 6)}, (pool_param(2, 2, 2),)),
    "avg_pool, overlapping": ("avg_pool_{}_naive", {"x": (1, 2, 7, 6)}, (pool_param(3, 2, 2),)),
    "max_pool, padded": (
        "max_pool_{}_naive",
        {"x": (2, 2, 5, 6)},
        ({"pool_height": 3, "pool_width": 2, "stride": (2, 1), "pad": 1},),
    ),
    "avg_pool, padded": (
        "avg_pool_{}_naive",
        {"x": (2, 2, 5, 6)},
        ({"pool_height": 3, "pool_width": 4, "stride": 2, "pad": (0, 2)},),
    ),
    "global_max_pool": ("global_max_pool_{}", {"x": (2, 3, 3, 5)}, ()),
    "global_avg_pool": ("global_avg_pool_{}", {"x": (2, 3, 3, 5)}, ()),
    "spatial_batchnorm": (
        "spatial_batchnorm_{}",
        {"x": (2, 3, 4, 5), "gamma": (3,), "beta": (3,)},
        ({"mode": "train"},),
    ),
    "spatial_batchnorm of one": (
        "spatial_batchnorm_{}",
        {"x": (1, 3, 3, 1), "gamma": (3,), "beta": (3,)},
        ({"mode": "train"},),
    ),
    "spatial_groupnorm": (
        "spatial_groupnorm_{}",
        {"x": (2, 6, 4, 5), "gamma": (1, 6, 1, 1), "beta": (1, 6, 1, 1)},
        (2, {}),
    ),
    "spatial_groupnorm, flat gamma": (
        "spatial_groupnorm_{}",
        {"x": (1, 4, 3, 3), "gamma": (4,), "beta": (4,)},
        (4, {"eps": 0.1}),
    ),
}


def call(case: str, dtype: Any = np.float64) -> Tried:
    name, shapes, constants = CASES[case]
    return tried(conv_layers, name, shapes, constants, dtype)


@pytest.mark.parametrize("case", CASES)
def test_backward_is_the_gradient_of_forward(case: str) -> None:
    check_backward(call(case))


@pytest.mark.parametrize("case", CASES)
def test_inputs_stay_and_float32_stays_float32(case: str) -> None:
    check_inputs_and_dtype(call(case, np.float32))


# Figures of the notebooks: ECE C147 homework 5, CNN-Layers.ipynb and CNN-BatchNorm.ipynb; CS231n assignment 2,
# ConvolutionalNetworks.ipynb.


def test_conv_forward_gives_the_notebooks_figures() -> None:
    x = np.linspace(-0.1, 0.5, num=96).reshape(2, 3, 4, 4)
    w = np.linspace(-0.2, 0.3, num=144).reshape(3, 3, 4, 4)
    out, _ = conv_layers.conv_forward_naive(x, w, np.linspace(-0.1, 0.2, num=3), {"stride": 2, "pad": 1})
    expected = [
        [
            [[-0.08759809, -0.10987781], [-0.18387192, -0.2109216]],
            [[0.21027089, 0.21661097], [0.22847626, 0.23004637]],
            [[0.50813986, 0.54309974], [0.64082444, 0.67101435]],
        ],
        [
            [[-0.98053589, -1.03143541], [-1.19128892, -1.24695841]],
            [[0.69108355, 0.66880383], [0.59480972, 0.56776003]],
            [[2.36270298, 2.36904306], [2.38090835, 2.38247847]],
        ],
    ]
    assert relative_error(out, expected) < 3e-8


def test_max_pool_forward_gives_the_notebooks_figures() -> None:
    x = np.linspace(-0.3, 0.4, num=96).reshape(2, 3, 4, 4)
    out, _ = conv_layers.max_pool_forward_naive(x, pool_param(2, 2, 2))
    expected = [
        [
            [[-0.26315789, -0.24842105], [-0.20421053, -0.18947368]],
            [[-0.14526316, -0.13052632], [-0.08631579, -0.07157895]],
            [[-0.02736842, -0.01263158], [0.03157895, 0.04631579]],
        ],
        [
            [[0.09052632, 0.10526316], [0.14947368, 0.16421053]],
            [[0.20842105, 0.22315789], [0.26736842, 0.28210526]],
            [[0.32631579, 0.34105263], [0.38526316, 0.4]],
        ],
    ]
    assert relative_error(out, expected) < 5e-8


def test_spatial_batchnorm_gives_the_notebooks_figures_in_every_channel() -> None:
    """A gradient check passes a batch norm that mixes channels; its means and deviations by channel do not."""
    np.random.seed(231)  # noqa: NPY002  (the notebooks' way to the same x)
    x = 4 * np.random.randn(2, 3, 4, 5) + 10  # noqa: NPY002
    out, _ = conv_layers.spatial_batchnorm_forward(x, np.ones(3), np.zeros(3), {"mode": "train"})
    assert out.shape == x.shape
    assert np.abs(out.mean(axis=(0, 2, 3))).max() < 2e-15
    np.testing.assert_allclose(out.std(axis=(0, 2, 3)), [0.99999962, 0.99999951, 0.9999996], atol=5.1e-9)
    gamma, beta = np.asarray([3, 4, 5]), np.asarray([6, 7, 8])
    out, _ = conv_layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    np.testing.assert_allclose(out.mean(axis=(0, 2, 3)), beta, rtol=1e-14)
    np.testing.assert_allclose(out.std(axis=(0, 2, 3)), [2.99999885, 3.99999804, 4.99999798], atol=5.1e-9)


def test_spatial_batchnorm_keeps_channels_apart() -> None:
    x = draw(3, 4, 2, 3)
    swapped = [2, 0, 3, 1]
    gamma, beta = draw(4, seed=1), draw(4, seed=2)
    out, _ = conv_layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    other, _ = conv_layers.spatial_batchnorm_forward(x[:, swapped], gamma[swapped], beta[swapped], {"mode": "train"})
    np.testing.assert_allclose(other, out[:, swapped], rtol=1e-12, atol=1e-14)


def test_spatial_batchnorm_in_test_mode_leaves_its_statistics() -> None:
    x, bn_param = draw(3, 2, 4, 4), {"mode": "train"}
    for _ in range(3):
        conv_layers.spatial_batchnorm_forward(x, np.ones(2), np.zeros(2), bn_param)
    kept = {name: bn_param[name].copy() for name in ("running_mean", "running_var")}
    bn_param["mode"] = "test"
    out, _ = conv_layers.spatial_batchnorm_forward(x, np.ones(2), np.zeros(2), bn_param)
    assert all(np.array_equal(bn_param[name], array) for name, array in kept.items())
    mean, var = (kept[name].reshape(2, 1, 1) for name in ("running_mean", "running_var"))
    np.testing.assert_allclose(out, (x - mean) / np.sqrt(var + 1e-5), rtol=1e-12)


def test_groupnorm_gives_every_group_of_every_image_mean_zero_and_deviation_one() -> None:
    """CS231n assignment 2, ConvolutionalNetworks.ipynb: means of order 1e-16, deviations 0.9999996."""
    N, C, H, W, G = 2, 6, 4, 5, 2
    x = 4 * draw(N, C, H, W) + 10
    out, _ = conv_layers.spatial_groupnorm_forward(x, np.ones((1, C, 1, 1)), np.zeros((1, C, 1, 1)), G, {})
    groups = out.reshape(N, G, -1)
    assert np.abs(groups.mean(axis=2)).max() < 2e-15
    np.testing.assert_allclose(groups.std(axis=2), 1, rtol=1e-6)


def test_the_gradient_of_a_tie_goes_to_its_first_maximum_alone() -> None:
    x = np.zeros((1, 1, 2, 4))
    x[0, 0, :, 2:] = [[1.0, 5.0], [5.0, 5.0]]
    _, cache = conv_layers.max_pool_forward_naive(x, pool_param(2, 2, 2))
    dx = conv_layers.max_pool_backward_naive(np.array([[[[3.0, 7.0]]]]), cache)
    assert dx.tolist() == [[[[3.0, 0.0, 0.0, 7.0], [0.0, 0.0, 0.0, 0.0]]]]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: conv_layers.conv_forward_naive(draw(1, 1, 3, 9), draw(1, 1, 6, 2), None, {"stride": 1, "pad": 1}),
        lambda: conv_layers.max_pool_forward_naive(draw(1, 1, 5, 9), pool_param(6, 2, 2)),
        lambda: conv_layers.avg_pool_forward_naive(draw(1, 1, 9, 5), pool_param(2, 6, 2)),
    ],
)
def test_a_window_larger_than_the_image_is_refused_with_its_size(wrong: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match="window of 6"):
        wrong()


def test_groups_that_do_not_divide_the_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="6 channels do not divide into 4 groups"):
        conv_layers.spatial_groupnorm_forward(draw(1, 6, 2, 2), np.ones(6), np.zeros(6), 4, {})


sizes = st.integers(1, 6)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 2), c=st.integers(1, 3), f=st.integers(1, 3), h=sizes, w=sizes, k=st.integers(1, 3), data=st.data()
)
def test_conv_of_any_shape_is_linear_in_x_and_in_w(
    n: int, c: int, f: int, h: int, w: int, k: int, data: st.DataObject
) -> None:
    """<dout, conv(x, w)> = <dx, x> = <dw, w>: exact for a bilinear map, so no step size comes in."""
    pad, stride = data.draw(st.integers((k + 1) // 2, 3)), data.draw(st.integers(1, 3))
    x, weights = draw(n, c, h, w, seed=1), draw(f, c, k, k, seed=2)
    out, cache = conv_layers.conv_forward_naive(x, weights, None, {"stride": stride, "pad": pad})
    assert out.shape == (n, f, 1 + (h + 2 * pad - k) // stride, 1 + (w + 2 * pad - k) // stride)
    dout = draw(*out.shape, seed=3)
    dx, dw, db = conv_layers.conv_backward_naive(dout, cache)
    assert db is None
    expected, scale = np.vdot(dout, out), 1 + np.abs(dout * out).sum()
    assert np.vdot(dx, x) == pytest.approx(expected, abs=1e-11 * scale)
    assert np.vdot(dw, weights) == pytest.approx(expected, abs=1e-11 * scale)


@settings(max_examples=40, deadline=None)
@given(h=sizes, w=sizes, ph=st.integers(1, 3), pw=st.integers(1, 3), stride=st.integers(1, 3), seed=st.integers(0, 9))
def test_pooling_gives_out_all_of_dout_and_no_more(h: int, w: int, ph: int, pw: int, stride: int, seed: int) -> None:
    ph, pw = min(h, ph), min(w, pw)
    x = np.random.default_rng(seed).integers(0, 3, (2, 2, h, w)).astype(float)  # with ties
    for name in ("max_pool", "avg_pool"):
        forward, backward = (getattr(conv_layers, f"{name}_{way}_naive") for way in ("forward", "backward"))
        out, cache = forward(x, pool_param(ph, pw, stride))
        dout = draw(*out.shape)
        np.testing.assert_allclose(backward(dout, cache).sum(axis=(2, 3)), dout.sum(axis=(2, 3)), atol=1e-12)


def test_padding_of_a_pool_does_not_count() -> None:
    x = -1 - np.arange(9.0).reshape(1, 1, 3, 3)  # all below zero: a zero that counts would be the largest
    padded = {**pool_param(3, 3, 2), "pad": 1}
    largest, _ = conv_layers.max_pool_forward_naive(x, padded)
    np.testing.assert_array_equal(largest[0, 0], [[-1, -2], [-4, -5]])
    mean, _ = conv_layers.avg_pool_forward_naive(x, padded)
    np.testing.assert_array_equal(mean[0, 0], [[-3, -4], [-6, -7]])
    with pytest.raises(ValueError, match="padding of 2 and 2 is more than half of a window of 3 x 3"):
        conv_layers.avg_pool_forward_naive(x, {**pool_param(3, 3, 2), "pad": 2})
