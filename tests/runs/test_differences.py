"""Differences between nested values, and their words."""

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


LAYERS = [{"conv": {"filters": 8}}, "bn", "relu", {"pool": 2}, {"conv": {"filters": 16}}, "relu", {"affine": 10}]


def test_long_lists_of_layers_are_told_entry_by_entry() -> None:
    new = [{"conv": {"filters": 9}}, "bn", "gelu", {"conv": {"filters": 16}}, "relu", {"drop": 0.5}, "bn", LAYERS[-1]]
    assert [str(each) for each in differences({"layers": LAYERS}, {"layers": new})] == [
        "layers[0].conv.filters: 8 -> 9",
        "layers[2]: relu -> gelu",
        'layers[3]: {"pool": 2} is gone',
        'layers[5+1]: {"drop": 0.5} is new',
        "layers[5+2]: bn is new",
    ]
    assert [str(each) for each in differences(LAYERS, ["flip", *LAYERS])] == ["[+1]: flip is new"]


@given(st.lists(st.sampled_from(LAYERS), min_size=5), st.lists(st.sampled_from(LAYERS), min_size=5))
def test_entries_that_are_gone_and_new_make_one_list_of_the_other(old: list[Any], new: list[Any]) -> None:
    made: list[Any] = [[item] for item in old]
    front: list[Any] = []
    for each in differences(old, new):
        index, _, number = each.key.partition("]")[0][1:].partition("+")
        if each.only == "new":
            (made[int(index)] if index else front).append(each.new)
            assert len(made[int(index)] if index else front) >= int(number)
        elif each.only == "old":
            made[int(index)].pop(0)
        elif "." in each.key:  # within an entry: {conv: {filters: ...}}
            made[int(index)][0] = {"conv": {"filters": each.new}}
        else:
            made[int(index)][0] = each.new
    assert [*front, *(item for items in made for item in items)] == new


def test_lists_of_any_length_are_compared_in_a_moment() -> None:
    (found,) = differences(["relu"] * 100_000, ["relu"] * 100_001)
    assert found.key == ""


def test_short_lists_of_other_lengths_differ_as_a_whole_and_long_values_are_cut() -> None:
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
