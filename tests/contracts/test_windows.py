"""Whatever the sizes of windows and images: the shape promised is the shape given, or both refuse; engines agree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl.check import general
from nndl.check.subject import Subject
from nndl.engines import available, get_engine
from nndl.errors import ShapeError
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.pool import AvgPool, MaxPool
from nndl.net.layer import Layer


def either(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[int | tuple[int, int]]:
    """One number, or one down and one across."""
    return numbers | st.tuples(numbers, numbers)


SIZES, STRIDES, PADS = either(st.integers(1, 5)), either(st.integers(1, 4)), either(st.integers(0, 3))
CONVS = st.builds(
    Conv,
    filters=st.integers(1, 3),
    kernel=SIZES,
    stride=STRIDES,
    pad=PADS,
    dilation=st.just(1) | either(st.integers(1, 3)),
    groups=st.sampled_from([1, 1, "channels"]),
    bias=st.booleans(),
)


@st.composite
def pools(draw: st.DrawFn) -> Layer:
    """Pools of any window, padded by up to half of it."""
    height, width = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    pad = draw(st.just(0) | st.tuples(st.integers(0, height // 2), st.integers(0, width // 2)))
    kind = draw(st.sampled_from([MaxPool, AvgPool]))
    return kind(size=(height, width), stride=draw(STRIDES), pad=pad)


POOLS = pools()
SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 8), st.integers(1, 8))


@pytest.mark.parametrize("engine", available())
@given(layer=st.one_of(CONVS, POOLS), shape=SHAPES, seed=st.integers(0, 9))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_any_window_on_any_image(engine: str, layer: Layer, shape: tuple[int, int, int], seed: int) -> None:
    try:
        layer.out_shape(shape)
    except ShapeError:
        params = layer.initial_params(shape, lambda _: np.random.default_rng(0))
        with pytest.raises(ValueError, match="does not fit"):
            layer.pair.forward(np.zeros((1, *shape)), *layer.arguments(params, layer.options()))
        return
    subject = Subject((layer,), shape, get_engine(engine), seed=seed)
    for check in (general.shapes, general.same_again, general.equal_to_definition, general.equal_on_ties):
        check(subject)
