"""The cost of shards is measured in turns with whole batches."""

from benchmarks.shards import measure


def test_every_number_of_shards_has_as_many_steps() -> None:
    found = measure("W1", [0, 2], 0.01)
    assert {shards: len(times) for shards, times in found.items()} == {0: len(found[0]), 2: len(found[0])}
    assert min(min(times) for times in found.values()) > 0
