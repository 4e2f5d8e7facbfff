"""Every number of a vector has one owner, in pieces that a backward pass gives one after the other."""

import numpy as np
import pytest

from nndl.net.params import Params, Slot
from nndl.train.sharded.owners import LINE, buckets, owned

SHAPES = {"conv1.w": (64, 3, 3, 3), "conv1.b": (64,), "conv2.w": (256, 64, 3, 3), "bn1.beta": (256,), "x.w": (70_001,)}


@pytest.fixture
def params() -> Params:
    many = {f"conv{i}.w": (300, 100, 3, 3) for i in range(3, 6)}
    slots = {name: Slot(shape, tuple(range(len(shape)))) for name, shape in (SHAPES | many).items()}
    return Params(slots, np.dtype(np.float32))


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("ranks", [1, 2, 3, 7])
def test_every_number_has_one_owner(params: Params, ranks: int, whole: bool) -> None:
    names = [name for name, w in params.items() if w.ndim == 4] if whole else []
    cut = buckets(params, ranks, names)
    count = np.zeros(params.vector.size, int)
    for rank in range(ranks):
        for place in owned(cut, rank):
            count[place] += 1
    for name in params:
        assert (count[params.slices[name]] == 1).all()
    assert count.max() == 1
    starts = [bucket.place.start for bucket in cut]
    assert starts == sorted(starts, reverse=True)
    assert len(cut) > 2


def test_the_shares_are_even(params: Params) -> None:
    for bucket in buckets(params, 4):
        sizes = bucket.sizes()
        assert max(sizes) - min(sizes) <= 2 * LINE


def test_what_is_updated_as_a_whole_is_owned_as_a_whole(params: Params) -> None:
    filters = [name for name, w in params.items() if w.ndim == 4]
    cut = buckets(params, 3, filters)
    owns = [set(owned_names(params, owned(cut, rank))) for rank in range(3)]
    assert sorted(name for own in owns for name in own) == sorted(params)
    assert [len([name for name in own if name in ("conv3.w", "conv4.w", "conv5.w")]) for own in owns] == [1, 1, 1]


def owned_names(params: Params, places: tuple[slice, ...]) -> list[str]:
    return [name for name, place in params.slices.items() if place in places]
