"""Convolution with all its options: right against numerical gradients, and composed of the courses' convolution."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nndl import conv2d_layers
from nndl.conv2d_layers import conv2d_backward, conv2d_forward
from nndl.conv_layers import conv_backward_naive, conv_forward_naive
from tests.pairs import check_backward, check_inputs_and_dtype, draw, tried

Array = NDArray[Any]

CASES: dict[str, tuple[dict[str, tuple[int, ...]], tuple[Any, ...]]] = {
    "groups": ({"x": (2, 4, 5, 6), "w": (6, 2, 3, 3), "b": (6,)}, ({"stride": 1, "pad": 1},)),
    "depthwise, stride 2": ({"x": (1, 3, 7, 5), "w": (3, 1, 3, 2), "b": (3,)}, ({"stride": 2, "pad": 0},)),
    "depthwise, two filters a channel": ({"x": (2, 2, 4, 4), "w": (4, 1, 3, 3)}, (None, {"stride": 1, "pad": 1})),
    "dilation": ({"x": (2, 2, 6, 7), "w": (3, 2, 3, 2), "b": (3,)}, ({"stride": 1, "pad": 2, "dilation": 2},)),
    "not square": (
        {"x": (1, 4, 6, 7), "w": (2, 2, 2, 3), "b": (2,)},
        ({"stride": (2, 1), "pad": (0, 2), "dilation": (1, 2)},),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_backward_is_the_gradient_of_forward(case: str) -> None:
    shapes, constants = CASES[case]
    check_backward(tried(conv2d_layers, "conv2d_{}", shapes, constants, np.float64))


@pytest.mark.parametrize("case", CASES)
def test_inputs_stay_and_float32_stays_float32(case: str) -> None:
    shapes, constants = CASES[case]
    check_inputs_and_dtype(tried(conv2d_layers, "conv2d_{}", shapes, constants, np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("stride", "pad"), [(1, 1), (2, 0), (3, 2)])
def test_without_options_it_is_the_courses_convolution_bit_for_bit(dtype: Any, stride: int, pad: int) -> None:
    x, w, b = (draw(*shape, seed=i).astype(dtype) for i, shape in enumerate([(2, 3, 7, 6), (4, 3, 3, 2), (4,)]))
    out, cache = conv2d_forward(x, w, b, {"stride": stride, "pad": pad})
    courses, courses_cache = conv_forward_naive(x, w, b, {"stride": stride, "pad": pad})
    np.testing.assert_array_equal(out, courses)
    dout = draw(*out.shape, seed=9).astype(dtype)
    for ours, theirs in zip(conv2d_backward(dout, cache), conv_backward_naive(dout, courses_cache), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_groups_are_convolutions_side_by_side() -> None:
    x, w, b = draw(2, 6, 5, 4), draw(9, 2, 3, 3, seed=1), draw(9, seed=2)
    conv_param = {"stride": 2, "pad": 1}
    out, _ = conv2d_forward(x, w, b, conv_param)
    parts = zip(*(np.split(array, 3, axis) for array, axis in ((x, 1), (w, 0), (b, 0))), strict=True)
    apart = [conv_forward_naive(*part, conv_param)[0] for part in parts]
    np.testing.assert_array_equal(out, np.concatenate(apart, axis=1))


def test_dilated_filters_are_filters_with_zeros_between() -> None:
    x, w = draw(2, 2, 9, 8), draw(3, 2, 3, 2, seed=1)
    spread = np.zeros((3, 2, 5, 4))
    spread[:, :, ::2, ::3] = w
    out, _ = conv2d_forward(x, w, None, {"stride": (1, 1), "pad": 1, "dilation": (2, 3)})
    wanted, _ = conv_forward_naive(x, spread, None, {"stride": 1, "pad": 1})
    np.testing.assert_allclose(out, wanted, rtol=1e-12)


def test_two_strides_take_every_so_many_places_of_stride_one() -> None:
    x, w = draw(1, 2, 8, 9), draw(2, 2, 3, 3, seed=1)
    out, _ = conv2d_forward(x, w, None, {"stride": (3, 2), "pad": (1, 0)})
    every, _ = conv_forward_naive(np.pad(x, ((0, 0), (0, 0), (1, 1), (0, 0))), w, None, {"stride": 1, "pad": 0})
    np.testing.assert_array_equal(out, every[:, :, ::3, ::2])


@pytest.mark.parametrize(
    ("x", "w", "words"),
    [
        ((1, 4, 5, 5), (2, 3, 3, 3), "2 filters over 3 channels each do not divide 4 channels into groups"),
        ((1, 4, 5, 5), (3, 2, 3, 3), "3 filters over 2 channels each do not divide 4 channels into groups"),
        ((1, 2, 4, 9), (2, 2, 3, 3), "a window of 5 x 5 does not fit into 4 x 9 pixels"),
    ],
)
def test_what_does_not_fit_is_refused(x: tuple[int, ...], w: tuple[int, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        conv2d_forward(draw(*x), draw(*w), None, {"stride": 1, "pad": 0, "dilation": 2})
