"""Answers of a student's process are data, whatever they say."""

from typing import Any

import numpy as np
import pytest

from nndl.check.running.executor import decoded, encoded


@pytest.mark.parametrize(
    "value", [np.zeros((2, 3), np.float32), np.arange(4), np.array([True]), np.array(["a", "bc"]), np.zeros((0, 2))]
)
def test_arrays_survive_the_way(value: Any) -> None:
    found = decoded(encoded(value))
    assert found.dtype == value.dtype
    assert np.array_equal(found, value)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, np.uint8])
def test_types_survive_the_way(kind: type) -> None:
    assert decoded(encoded(kind)) is kind


@pytest.mark.parametrize("name", ["nope", "load", "f2py", "ndarray", "__builtins__"])
def test_a_type_is_one_of_numbers(name: str) -> None:
    with pytest.raises(ValueError, match="no type"):
        decoded({"$": "type", "name": name})


@pytest.mark.parametrize("dtype", ["(2,", "O", "|O8", "f8,f8", "f8,", "{'a", ""])
def test_a_dtype_is_one_of_plain_data(dtype: str) -> None:
    with pytest.raises(ValueError, match="no dtype"):
        decoded({"$": "array", "dtype": dtype, "shape": [0], "data": ""})
