"""Numbers left open are filled in, the same for every number of processes up to some."""

import pytest

from nndl.jobs.parallel.settle import default_shards, settled
from tests.small_run import experiment


@pytest.mark.parametrize(
    ("batch_size", "shards"), [(8, 2), (64, 2), (128, 2), (255, 2), (256, 4), (512, 8), (1024, 8), (8192, 8)]
)
def test_shards_are_what_costs_little_on_one_process(batch_size: int, shards: int) -> None:
    assert default_shards(batch_size, 1) == default_shards(batch_size, 2) == shards


@pytest.mark.parametrize(("ranks", "shards"), [(3, 4), (4, 4), (5, 8), (64, 64), (1000, 128)])
def test_no_rank_is_without_a_shard_where_the_batch_allows(ranks: int, shards: int) -> None:
    assert default_shards(128, ranks) == shards


def test_what_a_config_says_stays() -> None:
    chosen = settled(experiment(), 2, 7)
    assert (chosen.train.shards, chosen.threads) == (2, 1)
    assert settled(chosen, 16, 3) == chosen
