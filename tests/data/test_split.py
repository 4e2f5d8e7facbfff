import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl.data.split import stratified_fold, stratified_split
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


@given(st.lists(st.integers(0, 9), min_size=2, max_size=300), st.data(), st.integers(0, 2**32))
def test_folds_cover_everything_once_and_are_alike(labels: list[int], data: st.DataObject, seed: int) -> None:
    array = np.array(labels)
    folds = data.draw(st.integers(2, min(7, len(labels))))
    parts = [stratified_fold(array, fold, folds, seed) for fold in range(1, folds + 1)]
    np.testing.assert_array_equal(np.sort(np.concatenate([part for _, part in parts])), np.arange(len(labels)))
    for train, held_out in parts:
        np.testing.assert_array_equal(np.sort(np.concatenate([train, held_out])), np.arange(len(labels)))
        assert (np.diff(train) > 0).all()
    counts = np.array([np.bincount(array[part], minlength=10) for _, part in parts])
    assert (np.ptp(counts, axis=0) <= 1).all()
    assert np.ptp(counts.sum(axis=1)) <= 1


def test_folds_are_fixed_by_their_seed() -> None:
    labels = np.arange(500) % 10
    first, again, other = (stratified_fold(labels, 2, 5, seed)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("fold", "folds"), [(0, 5), (6, 5), (1, 1), (1, 11)])
def test_refuses_impossible_folds(fold: int, folds: int) -> None:
    with pytest.raises(DataError, match=f"there is no fold {fold} of {folds} with 10 images"):
        stratified_fold(np.zeros(10, np.int64), fold, folds, 0)
