"""Configs of older runs, which lack options that came later, are what they were."""

import json
from typing import Any

import pytest

from nndl.config import parse_config
from nndl.config.writing.completed import completed
from nndl.config.writing.show import as_tree

TEXT = """\
data: {dataset: synthetic, augment: [flip, crop: 2, alternating_flip, cutout: 6]}
model: {layers: [conv: 4, relu, residual: [conv: 4, relu], global_avg_pool, affine: 10]}
train: {groups: [{match: "*.w", learning_rate: 2.0}], optimizer: {adam: 0.01}}
"""
NOW = json.loads(json.dumps(as_tree(parse_config(TEXT, "f.yaml"))))


def older(*places: tuple[Any, ...]) -> Any:
    """Return the tree without what stands at these places."""
    tree = json.loads(json.dumps(NOW))
    for *path, last in places:
        node = tree
        for step in path:
            node = node[step]
        del node[last]
    return tree


@pytest.mark.parametrize(
    "place",
    [
        ("threads",),
        ("data", "mix"),
        ("data", "augment", 1, "crop", "probability"),
        ("data", "augment", 3, "cutout", "fill"),
        ("train", "patience"),
        ("train", "groups", 0, "freeze_after"),
        ("train", "optimizer", "adam", "beta1"),
        ("model", "layers", 0, "conv", "bias"),
        ("model", "layers", 2, "residual", "layers", 0, "conv", "bias"),
        ("record",),
    ],
    ids=str,
)
def test_what_came_later_is_at_its_default(place: tuple[Any, ...]) -> None:
    old = older(place)
    assert old != NOW
    assert completed(old, NOW) == NOW


def test_a_kind_may_have_had_no_options() -> None:
    old = older()
    old["data"]["augment"][0] = "flip"
    assert completed(old, NOW) == NOW
    changed = json.loads(json.dumps(NOW))
    changed["data"]["augment"][0] = {"flip": {"probability": 0.25}}
    assert completed(old, changed)["data"]["augment"][0] == {"flip": {"probability": 0.5}}


def test_what_was_otherwise_stays_so() -> None:
    old = older(("data", "mix"))
    old["train"]["batch_size"] = 7
    old["data"]["augment"][1]["crop"]["pad"] = 3
    old["gone"] = 1
    told = completed(old, NOW)
    assert (told["train"]["batch_size"], told["data"]["augment"][1]["crop"]["pad"], told["gone"]) == (7, 3, 1)
    del told["model"]["layers"][0]["conv"]["filters"]  # is required: nobody can know it
    assert "filters" not in completed(told, NOW)["model"]["layers"][0]["conv"]


@pytest.mark.parametrize("damaged", [None, 3, "x", [], {"data": None}, {"data": [1], "model": {"layers": {}}}])
def test_a_damaged_tree_is_no_error(damaged: Any) -> None:
    completed(damaged, NOW)
