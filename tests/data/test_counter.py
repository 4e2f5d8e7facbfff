import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nndl.data import counter

KEYS = st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=4).map(tuple)


@given(KEYS, st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_an_index_has_its_own_numbers_whatever_stands_beside_it(key: tuple[int, ...], index: list[int]) -> None:
    together = counter.bits(key, np.array(index), 3)
    alone = [counter.bits(key, np.array([entry]), 3)[:, 0] for entry in index]
    np.testing.assert_array_equal(together.T, alone)
    np.testing.assert_array_equal(counter.bits(key, np.array(index), 1), together[:1])


@given(KEYS, st.integers(0, 2**63 - 1))
def test_every_part_of_the_key_counts(key: tuple[int, ...], other: int) -> None:
    index = np.arange(8)
    for place, part in enumerate(key):
        changed = (*key[:place], other, *key[place + 1 :])
        same = (counter.bits(key, index, 1) == counter.bits(changed, index, 1)).any()
        assert same == (part == other)


def test_is_splitmix64() -> None:
    # First outputs of the published generator from the state 1234567 (as Rosetta Code lists them).
    values = (1234567 + (1 + np.arange(3, dtype=np.uint64)) * np.uint64(counter._GAMMA)).astype(np.uint64)
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert counter._mix(values).tolist() == expected
    assert [counter._mix_int(int(value)) for value in values] == expected


def test_draws_are_uniform_and_uncorrelated() -> None:
    index = np.arange(100_000)
    drawn = counter.uniform((5, 1), index, 2)
    assert drawn.dtype == np.float32
    assert drawn.min() >= 0
    assert drawn.max() < 1
    np.testing.assert_allclose(drawn.mean(axis=1), 0.5, atol=0.004)
    np.testing.assert_allclose(drawn.var(axis=1), 1 / 12, atol=0.001)
    beside = [(drawn[0], drawn[1]), (drawn[0, 1:], drawn[0, :-1]), (drawn[0], counter.uniform((5, 2), index, 1)[0])]
    assert all(abs(np.corrcoef(one, other)[0, 1]) < 0.015 for one, other in beside)


def test_integers_fill_their_range_evenly() -> None:
    drawn = counter.integers((1,), np.arange(90_000), (9, 2, 1))
    np.testing.assert_allclose(np.bincount(drawn[0]) / 10_000, 1, atol=0.05)
    assert set(drawn[1]) == {0, 1}
    assert set(drawn[2]) == {0}
