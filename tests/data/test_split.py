import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl.data.split import stratified_split
from nndl.errors import DataError


@given(st.lists(st.integers(0, 9), min_size=1, max_size=300), st.data(), st.integers(0, 2**32))
def test_disjoint_covering_and_stratified(labels: list[int], data: st.DataObject, seed: int) -> None:
    array = np.array(labels)
    size = data.draw(st.integers(0, len(labels) - 1))
    train, validation = stratified_split(array, size, seed)
    assert len(validation) == size
    assert train.dtype == validation.dtype == np.int64
    np.testing.assert_array_equal(np.sort(np.concatenate([train, validation])), np.arange(len(labels)))
    assert (np.diff(train) > 0).all()
    assert (np.diff(validation) > 0).all()
    shares = np.bincount(array, minlength=10) * size / len(labels)
    assert (abs(np.bincount(array[validation], minlength=10) - shares) <= 1).all()


def test_balanced_labels_are_split_evenly() -> None:
    labels = np.repeat(np.arange(10), 50)
    assert set(np.bincount(labels[stratified_split(labels, 50, 0)[1]])) == {5}


def test_the_largest_remainder_is_rounded_up() -> None:
    labels = np.array([0, 0, 1, 1, 1])  # three of five: 1.2 and 1.8
    np.testing.assert_array_equal(np.bincount(labels[stratified_split(labels, 3, 0)[1]]), [1, 2])


def test_fixed_by_seed_alone() -> None:
    labels = np.arange(500) % 10
    first, again, other = (stratified_split(labels, 100, seed)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("size", [-1, 10, 11])
def test_refuses_impossible_sizes(size: int) -> None:
    with pytest.raises(DataError, match=f"validation_size is {size}, but must be from 0 to 9"):
        stratified_split(np.zeros(10, np.int64), size, 0)
