"""Named views on one vector."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl.net.params import ALIGNMENT, Params, Slot

SHAPES = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple), min_size=1, max_size=5)


def slots(shapes: list[tuple[int, ...]], reverse: bool) -> dict[str, Slot]:
    def axes(shape: tuple[int, ...]) -> tuple[int, ...]:
        order = range(len(shape))
        return tuple(reversed(order)) if reverse else tuple(order)

    return {f"p{i}": Slot(shape, axes(shape)) for i, shape in enumerate(shapes)}


@given(SHAPES, st.booleans(), st.sampled_from(["float32", "float64"]))
def test_views_have_their_shapes_and_lie_on_the_vector(
    shapes: list[tuple[int, ...]], reverse: bool, dtype: str
) -> None:
    params = Params(slots(shapes, reverse), np.dtype(dtype))
    for index, (name, shape) in enumerate(zip(params, shapes, strict=True)):
        params[name] = np.full(shape, index + 1)
        assert params[name].shape == shape
        assert np.shares_memory(params[name], params.vector)
        assert params[name].__array_interface__["data"][0] % ALIGNMENT == 0
        assert (params.vector[params.slices[name]] == index + 1).all()
    assert params.vector.sum() == sum((i + 1) * np.prod(shape) for i, shape in enumerate(shapes))
    assert params.size == sum(np.prod(shape) for shape in shapes)


def test_axes_give_the_order_in_memory() -> None:
    params = Params({"w": Slot((2, 3, 5, 7), (2, 3, 1, 0))}, np.dtype("float32"))
    w = np.arange(210, dtype="float32").reshape(2, 3, 5, 7)
    params["w"] = w
    np.testing.assert_array_equal(params["w"], w)
    np.testing.assert_array_equal(params.vector[:210], w.transpose(2, 3, 1, 0).ravel())


def test_a_value_of_another_shape_is_refused() -> None:
    params = Params({"b": Slot((3,), (0,))}, np.dtype("float32"))
    with pytest.raises(ValueError, match=r"b has shape \(3,\), the value given has \(4,\)"):
        params["b"] = np.zeros(4)


def test_like_is_zero_and_apart() -> None:
    params = Params({"b": Slot((3,), (0,))}, np.dtype("float32"))
    params["b"] = np.ones(3)
    other = params.like()
    assert (other["b"] == 0).all()
    assert not np.shares_memory(other.vector, params.vector)
