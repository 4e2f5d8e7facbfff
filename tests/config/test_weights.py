"""Weights of classes as configs give them, and what they become."""

from pathlib import Path

import numpy as np
import pytest

from nndl.config import parse_config
from nndl.config.build import build
from nndl.config.weights import class_weights
from nndl.config.writing.show import dump
from nndl.errors import DataError
from tests.config.small import told

LINEAR = "model: {layers: [affine: 10]}\n"
SMALL = (
    "data: {dataset: synthetic, train_size: 60, test_size: 20, validation_size: 10, sampling: [1,1,1,1,1,1,1,1,1,3]}"
)
NAMES = ("cat", "dog", "owl")


def test_balanced_weights_are_those_by_which_every_class_counts_the_same() -> None:
    labels = np.array([0] * 6 + [1] * 3 + [2])
    weights = class_weights("balanced", NAMES, labels, "train.class_weights")
    assert weights is not None
    np.testing.assert_allclose(weights * np.bincount(labels), 10 / 3)
    assert weights[labels].mean() == pytest.approx(1)


def test_names_and_lists_give_weights_in_the_order_of_the_classes() -> None:
    for given, expected in (({"dog": 2.0}, [1, 2, 1]), ((3.0, 2.0, 1.0), [3, 2, 1]), (None, None)):
        found = class_weights(given, NAMES, np.zeros(1, int), "")  # type: ignore[arg-type]
        assert (None if found is None else found.tolist()) == expected


def test_a_class_without_images_cannot_be_balanced() -> None:
    with pytest.raises(DataError, match=r"train\.class_weights: balanced needs images of every class, and 'owl' has"):
        class_weights("balanced", NAMES, np.array([0, 1]), "train.class_weights")


def test_a_config_says_them_again_and_training_has_them() -> None:
    experiment = parse_config(
        f"{LINEAR}{SMALL}\ntrain: {{class_weights: {{plaid: 2}}}}".replace("plaid", first()), "it"
    )
    assert parse_config(dump(experiment), "it") == experiment
    built = build(experiment)
    assert built.network.class_weights is not None
    assert built.network.class_weights.tolist() == [2, *[1] * 9]
    drawn = np.concatenate([y for epoch in range(40) for _, y in built.solver.batches.epoch(epoch)])
    assert np.bincount(drawn)[9] / len(drawn) == pytest.approx(3 / 12, abs=0.03)


def first() -> str:
    return parse_config(f"{LINEAR}{SMALL}", "it").data.class_names[0]


@pytest.mark.parametrize(
    ("written", "points_at", "words"),
    [
        ("train: {class_weights: {cat: -1}}", "-1}", "class_weights: weights are above 0, not -1; data.classes leaves"),
        ("data: {sampling: {cat: 0}}", "0}", "sampling: weights are above 0, not 0"),
        ("train: {class_weights: {kat: 2}}", "kat", "class_weights: cifar10 has no class 'kat'; did you mean 'cat'?"),
        (
            "data: {classes: [cat, dog], sampling: {bird: 2}}",
            "bird",
            "sampling: cifar10 has no class 'bird'; there are ",
        ),
        (
            "train: {class_weights: [1, 2]}",
            "[1",
            "class_weights should have 10 weights, one for each class, not 2; in ",
        ),
        (
            "train: {class_weights: balance}",
            "balance",
            "weights of classes are balanced, a list of numbers, or such as ",
        ),
        ("train: {class_weights: {cat: high}}", "{cat", "a weight is a finite number: cat has 'high'"),
        ("train: {class_weights: {cat: 1e400}}", "{cat", "a weight is a finite number: cat has .inf"),
        (
            "train: {class_weights: {cat: 1e38}}",
            "{cat",
            "a weight is at most 1,000,000, or losses overflow: cat has",
        ),
        ("train: {class_weights: {}}", "{}", "weights of classes are balanced, a list of numbers"),
        ("data: {sampling: true}", "true", "weights of classes are balanced, a list of numbers"),
        (
            "train: {class_weight: balanced}",
            "class_weight",
            "unknown key 'class_weight'; did you mean 'class_weights'?",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(written: str, points_at: str, words: str) -> None:
    found = told(f"{LINEAR.replace('10', 'classes')}{written}\n")
    assert [(at[: len(points_at)], said[: len(words)]) for at, said in found] == [(points_at, words)]


def test_a_folder_of_which_a_class_is_only_tested_is_told(tmp_path: Path) -> None:
    from PIL import Image

    for part, names in (("train", {"cat": 6, "dog": 6, "owl": 2}), ("test", {"cat": 2, "dog": 2, "owl": 2})):
        for name, count in names.items():
            for number in range(count):
                place = tmp_path / part / name / f"{number}.png"
                place.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(np.full((8, 8, 3), 9 * number + len(name), np.uint8)).save(place)
    root = tmp_path.as_posix()
    text = f"data: {{dataset: folder, root: '{root}', validation_size: 3, train_size: 4, sampling: balanced}}\n"
    with pytest.raises(DataError, match=r"data\.sampling: balanced needs .*, and '(cat|dog|owl)' has none"):
        build(parse_config(f"{text}model: {{layers: [affine: classes]}}", "it"))
