"""The sheet of what a network will see: pixels and shares are those of the training batches."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nndl.config import Experiment, parse_config
from nndl.config.build import build
from nndl.data.batches import Batches
from nndl.report.augmented import CELL, _caption, fitted, in_turn, seen, sheet

TEXT = """\
data: {dataset: synthetic, train_size: 90, test_size: 20, validation_size: 20, augment: [flip, crop: 4, cutout: 8]}
model: {layers: [avg_pool: 8, affine: 10]}
train: {epochs: 3, batch_size: 20}
"""
MIX = "data.mix=[cutmix: {probability: 0.5}, mixup: 1.0]"


def experiment(*sets: str) -> Experiment:
    return parse_config(TEXT, "small.yaml", sets)


@pytest.mark.parametrize("sets", [(), (MIX,), (MIX, "data.channels=1", "data.size=[20, 44]")], ids=str)
def test_it_shows_what_training_is_given(sets: tuple[str, ...]) -> None:
    described = experiment(*sets, "data.normalize=none")
    built = build(described)
    classes, index = built.split.dataset.classes, built.split.train
    assert isinstance(built.solver.batches, Batches)
    rows = seen(described, 12, 2)
    assert len(rows) == 12
    for epoch in (1, 2):
        X, y = (np.concatenate(parts) for parts in zip(*built.solver.batches.epoch(epoch - 1), strict=True))
        place = {int(number): at for at, number in enumerate(built.solver.batches.order(epoch - 1))}
        for row in rows:
            given, target = X[place[row.index]] * 255, y[place[row.index]]
            np.testing.assert_array_equal(row.pixels[epoch], np.rint(given).clip(0, 255))
            expected = (
                {classes[target]: 1.0} if y.ndim == 1 else {classes[k]: target[k] for k in np.flatnonzero(target)}
            )
            assert row.shares[epoch] == expected
    for row in rows:
        np.testing.assert_array_equal(row.pixels[0], built.split.dataset.train.images[row.index])
        assert row.index in index
        assert len(row.shares[0]) == 1


def test_classes_take_turns() -> None:
    labels, index = np.array([1, 1, 1, 0, 2, 0]), np.array([9, 8, 7, 6, 5, 4])
    assert in_turn(labels, index).tolist() == [6, 9, 5, 4, 8, 7]


def pixels_of(png: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_the_sheet_has_every_image_and_its_caption() -> None:
    rows = seen(experiment(MIX), 3, 2)
    drawn = pixels_of(sheet(rows))
    for row in rows:
        for image in row.pixels:
            large = fitted(image)
            assert large.shape == (CELL, CELL, 3)
            windows = [(y, x) for y, x in zip(*np.nonzero((drawn == large[0, 0]).all(axis=2)), strict=True)]
            assert any(np.array_equal(drawn[y : y + CELL, x : x + CELL], large) for y, x in windows)
    assert drawn.shape[1] == 6 + 3 * (CELL + 6)
    more = pixels_of(sheet(seen(experiment(), 3, 2)))
    assert more.shape[0] < drawn.shape[0]  # one line of text beneath each image


def test_a_caption_is_a_share_and_a_name_that_fit() -> None:
    assert _caption({"vertical stripes": 0.08, "a: b": 0.92}) == ["8 % vertical str", "92 % a: b"]
    assert _caption({"cat": 1.0}) == ["cat"]


@pytest.mark.parametrize(
    ("shape", "drawn"),
    [
        ((3, 32, 32), (96, 96)),
        ((1, 28, 28), (84, 84)),
        ((3, 224, 112), (96, 48)),
        ((1, 8, 40), (16, 80)),
        ((3, 224, 8), (96, 3)),
    ],
)
def test_images_of_any_size_fit(shape: tuple[int, int, int], drawn: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    large = fitted(image)
    assert large.shape == (*drawn, 3)
    assert set(np.unique(large)) <= set(np.unique(image))
    if shape[1:] == (32, 32):
        np.testing.assert_array_equal(large[1::3, 1::3].transpose(2, 0, 1), image)
