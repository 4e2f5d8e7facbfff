"""A process adds its shards up as they come, along the tree, in as little memory as that takes."""

import numpy as np
import pytest

from nndl.train.sharded.cut import Cut, add_up
from nndl.train.sharded.sums import Sums

D = 200_000


@pytest.mark.parametrize("ranks", [1, 2, 3, 5])
@pytest.mark.parametrize("shards", [1, 2, 3, 7, 8])
def test_sums_are_those_of_the_tree(shards: int, ranks: int) -> None:
    cut = Cut(shards, shards, ranks)
    vectors = np.random.default_rng(shards).standard_normal((shards, D)).astype(np.float32)
    leaves = {(shard, shard + 1): vector for shard, vector in enumerate(vectors)}
    sums = Sums(D, np.dtype(np.float32))
    for rank in range(ranks):
        sums.begin()
        own, came = cut.own(rank, shards), np.empty(D, np.float32)
        for shard in own:
            came[:] = vectors[shard]
            if shard != own[-1]:
                sums.take(came, cut.merges(shard, rank, shards))
        if own:
            merges = cut.merges(own[-1], rank, shards)
            for place in (slice(D // 2, D), slice(0, D // 2)):
                sums.finish(came, merges, place)
            kept = sums.done[: len(sums.done) - merges]
            expected = [add_up(leaves, np.add, node) for node in cut.nodes(rank, shards)]
            np.testing.assert_array_equal([*kept, came], expected)
            assert len(sums.done) <= np.ceil(np.log2(shards)) + 1
