"""What is told to somebody who wrote something near."""

import pytest

from nndl.config.advice import nearest, suggest


@pytest.mark.parametrize(
    ("word", "meant"),
    [("filter", "filters"), ("Linear", "affine"), ("lr", "learning_rate"), ("batchnorm", "spatial_bn"), ("zzz", None)],
)
def test_the_nearest_is_spelt_alike_or_means_the_same(word: str, meant: str | None) -> None:
    assert nearest(word, ["affine", "filters", "learning_rate", "bn", "spatial_bn"]) == meant


def test_where_nothing_is_near_all_there_is_is_told() -> None:
    assert suggest("zzz", ["a", "b"]) == "there are a, b"
