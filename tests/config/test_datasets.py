"""Classes and sizes of a data set in a config: a subset of them, a share that validates, `affine: classes`."""

import numpy as np
import pytest

from nndl.config import parse_config
from nndl.config.data import build_split
from nndl.config.writing.show import dump
from nndl.net.catalog import Affine, Residual
from tests.config.small import told


def config(data: str, layers: str = "[{affine: classes}]") -> str:
    return f"data: {data}\nmodel: {{layers: {layers}}}\n"


@pytest.mark.parametrize(
    ("data", "classes"),
    [
        ("{}", 10),
        ("{dataset: cifar100}", 100),
        ("{classes: [cat, dog]}", 2),
        ("{dataset: synthetic, classes: [disc, rings, cross], augment: [flip]}", 3),
    ],
)
def test_a_layer_may_have_as_many_outputs_as_there_are_classes(data: str, classes: int) -> None:
    layers = "[{residual: [{affine: {out_features: classes, bias: false}}, {affine: 3072}]}, {affine: classes}]"
    made = parse_config(config(data, layers.replace("[{residual", "[flatten, {residual")), "f.yaml")
    _, residual, last = made.model.layers
    assert isinstance(residual, Residual)
    assert residual.layers[0] == Affine(out_features=classes, bias=False)
    assert last == Affine(out_features=classes)
    assert parse_config(dump(made), "shown.yaml") == made


def test_the_kept_config_says_their_number() -> None:
    assert "out_features: 2" in dump(parse_config(config("{classes: [cat, dog]}"), "f.yaml"))


def test_sizes_of_a_subset_are_those_of_its_classes() -> None:
    made = parse_config(config("{classes: [cat, dog], validation_size: 0.1}"), "f.yaml")
    assert (made.data.training_images, made.data.held_out) == (10_000, 1_000)
    assert parse_config(config("{classes: [cat, dog]}"), "f.yaml").data.held_out == 5_000


@pytest.mark.parametrize("sizes", ["train_size: 31, test_size: 7", "train_size: 40, test_size: 20"])
def test_generated_images_of_some_classes_are_as_many_as_asked_for(sizes: str) -> None:
    data = f"{{dataset: synthetic, classes: [disc, rings, cross], {sizes}, validation_size: 0.25}}"
    split = build_split(parse_config(config(data), "f.yaml"))
    expected = [int(word.split(": ")[1]) for word in sizes.split(", ")]
    assert [len(split.train) + len(split.validation), len(split.test)] == expected
    assert split.dataset.classes == ("disc", "rings", "cross")
    assert np.bincount(split.test.labels).min() >= expected[1] // 3
    assert len(split.validation) == round(0.25 * expected[0])


@pytest.mark.parametrize(
    ("data", "points_at", "words"),
    [
        ("{classes: [cat, dgo]}", "dgo", "cifar10 has no class 'dgo'; did you mean 'dog'?"),
        ("{classes: [cat]}", "[cat]", "classes should be"),
        ("{classes: [cat, cat]}", "cat]", "class 'cat' is named twice"),
        ("{classes: [cat, 3]}", "3]", "cifar10 has no class '3'; there are airplane,"),
        ("{classes: cat}", "cat}", "'all'"),
        ("{classes: [cat, dog], train_size: 10001}", "10001", "train_size should be from 1 to 10,000"),
        ("{classes: [cat, dog], validation_size: 1}", "1}", "from 2 (one of each class)"),
        ("{validation_size: 1.0}", "1.0}", "less than 1"),
        ("{validation_size: 0.0001}", "0.0001}", "from 10 (one of each class) to less than the 50,000"),
        ("{augment: [{crop: 32}]}", "32}", "crop: pad is from 0 to 31 with images of 32 x 32"),
        ("{augment: [{cutout: {size: 33}}]}", "33}", "cutout: size is from 1 to 32 with images of 32 x 32"),
    ],
)
def test_what_cannot_be_is_told_where_it_stands(data: str, points_at: str, words: str) -> None:
    ((at, said),) = told(config(data))
    assert at.startswith(points_at)
    assert words in said


def test_too_many_outputs_for_a_subset_are_told() -> None:
    ((at, said),) = told(config("{classes: [cat, dog]}", "[{affine: 10}]"))
    assert at.startswith("{affine: 10}")
    assert said == "data.classes names 2, but the last layer gives 10; end with affine: 2"
