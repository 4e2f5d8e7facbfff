"""Ranks are measured on generated images of the config's own shape and number of classes."""

import pytest

from nndl.bench.ranks import _endless
from nndl.config import parse_config
from nndl.config.data import build_split
from nndl.config.writing.show import dump

TEXT = "data: {data}\nmodel: {{layers: [affine: classes]}}\ntrain: {{batch_size: 10}}\n"


@pytest.mark.parametrize(
    ("data", "shape", "classes"),
    [
        ("{}", (3, 32, 32), 10),
        ("{classes: [cat, dog]}", (3, 32, 32), 2),
        ("{dataset: synthetic, size: [16, 40], channels: 1, classes: [disc, dots, rings]}", (1, 16, 40), 3),
    ],
)
def test_images_are_generated_in_their_shape(data: str, shape: tuple[int, ...], classes: int) -> None:
    made = parse_config(dump(_endless(parse_config(TEXT.format(data=data), "f.yaml"))), "ranks.yaml")
    split = build_split(made)
    assert split.dataset.synthetic
    assert split.dataset.train.shape == shape
    assert len(split.dataset.classes) == classes
