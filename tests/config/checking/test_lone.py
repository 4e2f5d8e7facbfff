"""A batch norm to which an example comes alone is refused, where it would ruin the run; nothing else is."""

from pathlib import Path

import pytest

from nndl.config.load import parse_config
from nndl.jobs.stored import stored_experiment
from nndl.runs.folder import RunFolder
from tests.config.small import told

VECTORS = "model:\n  layers:\n    - affine: 8\n    - bn\n    - affine: 10\n"
PLACES = "model:\n  layers:\n    - conv: 4\n    - spatial_bn\n    - affine: 10\n"
ONE_PLACE = "model:\n  layers:\n    - conv: 4\n    - max_pool: 32\n    - residual: [spatial_bn]\n    - affine: 10\n"


def config(layers: str, batch_size: int, drop_last: bool = False) -> str:
    """A config that learns from 257 images."""
    data = "data: {train_size: 357, validation_size: 100, test_size: 100}\n"
    return f"{layers}train: {{batch_size: {batch_size}, drop_last: {str(drop_last).lower()}}}\n{data}"


@pytest.mark.parametrize(
    ("layers", "named"), [(VECTORS, "bn (bn1)"), (ONE_PLACE, "spatial_bn (residual1.spatial_bn1)")]
)
def test_a_last_batch_of_one_is_refused_and_drop_last_named(layers: str, named: str) -> None:
    ((at, words),) = told(config(layers, 128))
    assert at.startswith("128")
    assert words == (
        f"the last batch (257 = 2 x 128 + 1) is a single example, of which {named} cannot take a variance; "
        "set train.drop_last: true, or another batch_size"
    )
    assert told(config(layers, 128, drop_last=True)) == []
    assert told(config(layers, 127)) == []
    assert told(config(layers, 257)) == []


@pytest.mark.parametrize("drop_last", [False, True])
def test_batches_of_one_are_refused(drop_last: bool) -> None:
    ((at, words),) = told(config(VECTORS.replace("- bn", "- bn\n    - bn"), 1, drop_last))
    assert at.startswith("1,")
    assert words == (
        "a batch is a single example, of which bn (bn1) cannot take a variance; batch_size should be 2 or more"
    )


@pytest.mark.parametrize("batch_size", [1, 128, 256])
def test_an_example_alone_is_no_harm_where_it_has_several_places_or_is_its_own_batch(batch_size: int) -> None:
    assert told(config(PLACES, batch_size)) == []
    assert told(config(VECTORS.replace("- bn", "- layer_norm"), batch_size)) == []


@pytest.mark.parametrize(
    ("ghost", "batch_size", "drop_last", "batch"),
    [(9, 100, True, 100), (7, 50, False, 50), (8, 120, False, 17), (3, 64, True, 64)],
)
def test_a_ghost_of_one_is_refused_at_the_layer(ghost: int, batch_size: int, drop_last: bool, batch: int) -> None:
    layers = VECTORS.replace("- bn", f"- bn: {{ghost_batch_size: {ghost}}}")
    ((at, words),) = told(config(layers, batch_size, drop_last))
    assert at.startswith(f"{ghost}}}")
    assert words.startswith(f"of a batch of {batch} the last ghost is a single example, of which bn (bn1) cannot")
    assert told(config(layers.replace(f"size: {ghost}", "size: 2"), 128, drop_last=True)) == []


@pytest.mark.parametrize(
    ("shards", "batch_size", "drop_last", "batch"),
    [(128, 128, True, 128), (63, 126, False, 5), (34, 100, True, 100), (8, 64, True, 0)],
)
def test_a_shard_of_one_is_refused(shards: int, batch_size: int, drop_last: bool, batch: int) -> None:
    found = told(config(VECTORS, batch_size, drop_last).replace("train: {", f"train: {{shards: {shards}, "))
    expected = f"of a batch of {batch:,} a shard is a single example, of which bn (bn1) cannot take a variance; take"
    assert [words.startswith(expected) for _, words in found] == [True] * (batch > 0)


def test_a_ghost_of_one_in_a_shard_is_refused() -> None:
    layers = VECTORS.replace("- bn", "- bn: {ghost_batch_size: 31}")
    text = config(layers, 128, drop_last=True)
    assert told(text) == []
    ((_, words),) = told(text.replace("train: {", "train: {shards: 4, "))
    assert words.startswith("of a shard of 32 the last ghost is a single example")


def test_a_run_that_has_begun_can_still_be_read(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(config(VECTORS, 128), encoding="utf-8")
    assert stored_experiment(RunFolder(tmp_path)) == parse_config(config(VECTORS, 128), "x", name="config", begun=True)
