"""What differs between nested values, and how it is said."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nndl.runs.differences import Difference, differences

OLD = {"a": 1, "train": {"l2": 0.0, "layers": [{"conv": {"filters": 3}}, "relu"]}, "gone": None}
NEW = {"a": 1, "train": {"l2": 1e-4, "layers": [{"conv": {"filters": 4}}, "relu"]}, "here": True}


def test_each_place_is_named_as_set_takes_it() -> None:
    assert [str(each) for each in differences(OLD, NEW)] == [
        "train.l2: 0.0 -> 0.0001",
        "train.layers[0].conv.filters: 3 -> 4",
        "here: null -> true",
    ]


def test_lists_of_other_lengths_differ_as_a_whole_and_long_values_are_cut() -> None:
    (found,) = differences({"layers": ["relu"] * 20}, {"layers": []})
    assert found == Difference("layers", ["relu"] * 20, [])
    assert len(str(found)) < 90


def test_a_number_is_not_a_truth_value() -> None:
    assert [str(each) for each in differences({"x": 1}, {"x": True})] == ["x: 1 -> true"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(json_values, json_values)
def test_nothing_differs_from_itself_and_what_differs_is_found(one: Any, other: Any) -> None:
    assert list(differences(one, one)) == []
    if one != other and not (isinstance(one, dict) and isinstance(other, dict)):
        assert list(differences(one, other))
