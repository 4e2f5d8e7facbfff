"""Gradients of several batches in a step are those of one batch as large, but for batch norm."""

from typing import Any

import numpy as np
import pytest

from nndl.config import parse_config
from nndl.config.build import Built, build
from nndl.engines import available
from nndl.net.params import Params
from nndl.train.events import EpochDone, StepDone
from tests.config.small import told

CONFIG = """\
name: accumulated
dtype: float64
data: {dataset: synthetic, train_size: 70, test_size: 20, validation_size: 10, augment: [flip]}
model:
  layers: [avg_pool: 4, conv: 4, NORM relu, dropout: {keep: 0.8}, affine: 10]
  loss: {softmax: {label_smoothing: 0.1}}
train: {epochs: 2, optimizer: adam, l2: 1e-3, clip_norm: 1.0, schedule: cosine, class_weights: {SECOND: 3}, TRAIN}
"""
SECOND = parse_config("data: {dataset: synthetic}\nmodel: {layers: [affine: 10]}", "it").data.class_names[1]


def built(train: str, norm: bool = False, engine: str = "vectorized") -> Built:
    text = CONFIG.replace("NORM", "spatial_bn, " if norm else "").replace("SECOND", SECOND).replace("TRAIN", train)
    return build(parse_config(f"{text}engine: {engine}", "it"))


def trained(train: str, norm: bool = False, engine: str = "vectorized") -> tuple[Built, list[Any]]:
    made = built(train, norm, engine)
    return made, list(made.solver.events())


def same(one: Params, other: Params, atol: float) -> None:
    np.testing.assert_allclose(one.vector, other.vector, rtol=0, atol=atol)


@pytest.mark.parametrize("engine", available())
def test_a_step_is_that_of_the_large_batch_to_rounding_dropout_and_weights_of_classes_included(engine: str) -> None:
    (parts, events), (whole, expected) = (
        trained(train, engine=engine) for train in ("batch_size: 8, accumulate: 3", "batch_size: 24")
    )
    same(parts.network.params, whole.network.params, 1e-11)
    for one, other in zip(events, expected, strict=True):
        assert type(one) is type(other)
        if isinstance(one, StepDone):
            assert (one.step, one.epoch, one.images, one.learning_rate) == (
                other.step,
                other.epoch,
                other.images,
                other.learning_rate,
            )
            assert one.loss == pytest.approx(other.loss, rel=1e-11)


@pytest.mark.parametrize("shards", ["", ", shards: 2"])
def test_it_is_a_batch_as_large_in_as_many_shards_bit_for_bit(shards: str) -> None:
    parts = trained(f"batch_size: 8, accumulate: 3{shards}", norm=True)[0]
    whole = trained(f"batch_size: 24, shards: {6 if shards else 3}", norm=True)[0]
    same(parts.network.params, whole.network.params, 0)
    same(parts.network.buffers, whole.network.buffers, 0)


def test_batch_norm_sees_each_batch_by_itself_or_all_of_the_step() -> None:
    own, large = trained("batch_size: 8, accumulate: 3", norm=True)[0], trained("batch_size: 24", norm=True)[0]
    assert np.abs(own.network.params.vector - large.network.params.vector).max() > 1e-6
    over_all = trained("batch_size: 8, accumulate: 3, shard_statistics: batch", norm=True)[0]
    same(over_all.network.params, large.network.params, 1e-9)
    same(over_all.network.buffers, large.network.buffers, 1e-9)


@pytest.mark.parametrize(
    ("train", "sizes"),
    [
        ("batch_size: 8, accumulate: 3", [24, 24, 12]),
        ("batch_size: 8, accumulate: 3, drop_last: true", [24, 24]),
        ("batch_size: 16, accumulate: 4", [60]),
        ("batch_size: 8, accumulate: 1", [8] * 7 + [4]),
    ],
)
def test_an_epochs_last_step_takes_what_is_left(train: str, sizes: list[int]) -> None:
    solver = built(train).solver
    events = list(solver.events())
    assert [event.images for event in events if isinstance(event, StepDone) and event.epoch == 1] == sizes
    assert solver.steps_per_epoch == len(sizes)
    assert [event.step for event in events if isinstance(event, EpochDone)] == [len(sizes), 2 * len(sizes)]


LINEAR = "model: {layers: [affine: 10]}\ndata: {dataset: synthetic, train_size: 100, validation_size: 0}\n"
NORM = (
    "model: {layers: [affine: 8, bn, affine: 10]}\ndata: {dataset: synthetic, train_size: SIZE, validation_size: 0}\n"
)


@pytest.mark.parametrize(
    ("config", "points_at", "words"),
    [
        (
            f"{LINEAR}train: {{batch_size: 30, accumulate: 5}}",
            "5}",
            "an epoch has 4 batches of 30, too few for a step of 5; accumulate should be 4 or less",
        ),
        (
            f"{LINEAR}train: {{batch_size: 30, accumulate: 4, drop_last: true}}",
            "true",
            "drop_last leaves out what does not fill 4 batches of 30, and there are 100 images to train on",
        ),
        (f"{LINEAR}train: {{accumulate: 0}}", "0}", "accumulate should be 1 or more, not 0"),
        (f"{LINEAR}train: {{acumulate: 2}}", "acumulate", "unknown key 'acumulate'; did you mean 'accumulate'?"),
        (
            f"{NORM.replace('SIZE', '90')}train: {{batch_size: 1, accumulate: 3}}",
            "1, ",
            "of a step of 3 a batch is a single example, of which bn (bn1) cannot take a variance; take another",
        ),
        (
            f"{NORM.replace('SIZE', '100')}train: {{batch_size: 11, accumulate: 3}}",
            "11, ",
            "the last batch (100 = 3 x 33 + 1) is a single example",
        ),
        (
            f"{NORM.replace('SIZE', '100')}train: {{batch_size: 9, accumulate: 3}}",
            "9, ",
            "of a step of 19 a batch is a single example",
        ),
    ],
)
def test_what_cannot_be_is_told_at_its_place(config: str, points_at: str, words: str) -> None:
    ((at, said),) = told(f"{config}\n")
    assert (at[: len(points_at)], said[: len(words)]) == (points_at, words)
