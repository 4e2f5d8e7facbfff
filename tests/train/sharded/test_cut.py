"""Shards, and the tree along which they are added: the same sums whoever holds which of them."""

import numpy as np
import pytest

from nndl.train.sharded.cut import Cut, add_up

SIZES = [(128, 4, 128), (128, 4, 72), (10, 4, 10), (10, 4, 1), (64, 7, 64), (9, 9, 9), (1000, 64, 1000), (6, 1, 6)]


@pytest.mark.parametrize(("batch_size", "shards", "images"), SIZES)
def test_shards_cover_the_batch_as_ghosts_of_their_size_do(batch_size: int, shards: int, images: int) -> None:
    cut = Cut(batch_size, shards)
    places = [cut.place(shard, images) for shard in range(cut.count(images))]
    ghosts = [slice(start, min(start + cut.size, images)) for start in range(0, images, cut.size)]
    assert places == ghosts
    assert cut.count(batch_size) <= shards


@pytest.mark.parametrize("ranks", range(1, 10))
@pytest.mark.parametrize(("batch_size", "shards", "images"), SIZES)
def test_ranks_share_all_shards_out_evenly(batch_size: int, shards: int, images: int, ranks: int) -> None:
    cut = Cut(batch_size, shards, ranks)
    owns = [cut.own(rank, images) for rank in range(ranks)]
    assert [shard for own in owns for shard in own] == list(range(cut.count(images)))
    assert max(map(len, owns)) - min(map(len, owns)) <= 1
    parts = [cut.part(rank, images) for rank in range(ranks)]
    assert [i for part in parts for i in range(images)[part]] == list(range(images))


@pytest.mark.parametrize("ranks", range(1, 10))
@pytest.mark.parametrize(("batch_size", "shards", "images"), SIZES)
def test_a_sum_has_the_same_bits_on_any_number_of_ranks(batch_size: int, shards: int, images: int, ranks: int) -> None:
    cut = Cut(batch_size, shards, ranks)
    values = np.random.default_rng(0).standard_normal(cut.count(images)).astype(np.float32)

    def add(left: np.float32, right: np.float32) -> np.float32:
        return left + right

    leaves = {(shard, shard + 1): value for shard, value in enumerate(values)}
    root = (0, len(values))
    nodes = [node for rank in range(ranks) for node in cut.nodes(rank, images)]
    assert add_up({node: add_up(leaves, add, node) for node in nodes}, add, root) == add_up(leaves, add, root)


def test_a_rank_that_holds_half_of_the_tree_has_one_node() -> None:
    assert [Cut(128, 8, 2).nodes(rank, 128) for rank in range(2)] == [[(0, 4)], [(4, 8)]]
    assert [Cut(128, 8, 4).nodes(rank, 128) for rank in range(4)] == [[(0, 2)], [(2, 4)], [(4, 6)], [(6, 8)]]
    assert Cut(128, 8, 3).nodes(1, 128) == [(2, 4), (4, 5)]
