"""Numbers left open are filled in, the same for every number of processes up to some."""

import pytest

from nndl.jobs.parallel.settle import cost_of_shards, default_shards, settled
from tests.small_run import experiment


@pytest.mark.parametrize(
    ("batch_size", "numbers", "shards"),
    [
        (8, 1000, 1),
        (128, 114_000, 1),
        (128, 545_450, 1),  # W1: two shards of 64 images were measured to cost 8.7 %
        (128, 6_573_130, 1),  # W2, whose filters cost more to transform than a few images
        (256, 114_000, 2),
        (512, 114_000, 4),
        (1024, 1_971_640, 8),  # W4 and ladder/94
        (8192, 1_971_640, 8),
    ],
)
def test_shards_are_as_many_as_cost_less_than_five_per_cent_on_one_process(
    batch_size: int, numbers: int, shards: int
) -> None:
    assert default_shards(batch_size, 1, numbers) == shards
    assert cost_of_shards(shards, batch_size, numbers) < 0.05
    more_would_cost = cost_of_shards(2 * shards, batch_size, numbers) >= 0.05
    assert shards == 8 or batch_size < 2 * shards * 128 or more_would_cost
    assert default_shards(batch_size, 2, numbers) == max(2, shards)


@pytest.mark.parametrize(("ranks", "shards"), [(3, 4), (4, 4), (5, 8), (64, 64), (1000, 128)])
def test_no_rank_is_without_a_shard_where_the_batch_allows(ranks: int, shards: int) -> None:
    assert default_shards(128, ranks, 114_000) == shards


def test_what_a_config_says_stays() -> None:
    chosen = settled(experiment(), 2, 7)
    assert (chosen.train.shards, chosen.threads) == (2, 1)
    assert settled(chosen, 16, 3) == chosen
    before = experiment()
    began = before.model_copy(update={"train": before.train.model_copy(update={"shards": 5})})
    assert settled(began, 2, 7).train.shards == 5  # a run goes on in as many as it began with
