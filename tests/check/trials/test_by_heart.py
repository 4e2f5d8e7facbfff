"""A network that can learn a few images by heart does; of one that cannot, what fails first is named."""

from typing import Any

import numpy as np
import pytest

from nndl.check.trials.by_heart import ByHeart, as_record, learn_by_heart
from nndl.check.trials.simplified import simplified
from nndl.config import Experiment, load_config
from nndl.config.build import build
from nndl.config.schema import Train
from nndl.net.catalog.norm import Bn
from nndl.net.catalog.residual import Residual
from nndl.net.catalog.simple import Dropout, StochasticDepth
from nndl.train.schedules import Multistep
from tests.train.health.watched import experiment

TWO = "affine: 50, relu, affine: 10"
TINY = "affine: {out_features: 30, init: normal, weight_scale: 0.001}, relu"
GROUPS = "{match: '*.b', learning_rate: 2, freeze_after: 3, falling: true}, {match: '*.w', freeze_last: 0.2}"
SGD = "sgd: {learning_rate: 0.1}"


def tried(experiment: Experiment, images: int = 20, steps: int = 150) -> tuple[ByHeart, dict[str, Any]]:
    plain, aside = simplified(experiment, images, steps)
    outcome = learn_by_heart(build(plain), lambda _: None)
    return outcome, as_record(outcome, aside)


@pytest.mark.parametrize("config", ["quickstart", "three_layer", "bn_cnn"])
def test_the_small_bundled_configs_learn_by_heart(config: str) -> None:
    outcome, record = tried(load_config(config, ["data.dataset=synthetic"]))
    assert outcome.learnt
    assert (record["right"], record["images"], record["failed"]) == (20, 20, None)
    assert record["steps"] < 150, "it ends when all are known"


def test_what_waits_for_a_better_validation_is_put_aside() -> None:
    plain, _ = simplified(load_config("quickstart", ["train.patience=3"]), 20, 5)
    assert plain.train.patience is None


FAULTS = {
    "deep and tiny": (f"{', '.join([TINY] * 5)}, affine: 10", SGD, [], "vanishing"),
    "rate too low": (TWO, "sgd: {learning_rate: 1.0e-7}", [], "updates"),
    "rate far too high": (TWO, "sgd: {learning_rate: 100}", [], "ended"),
    "scores of zero": (f"{TWO}, scale: 0.0", SGD, [], "constant"),
    "too few steps": (TWO, "sgd: {learning_rate: 0.003}", [], "slow"),
    "averages that do not follow": (
        "spatial_bn: {momentum: 0.9999}, affine: 50, relu, affine: 10",
        SGD,
        ["data.normalize=none"],
        "test_mode",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_fails_first_is_named(name: str) -> None:
    layers, optimizer, sets, check = FAULTS[name]
    _, record = tried(experiment(layers, optimizer, sets))
    assert not record["learnt"]
    assert record["failed"]["check"] == check, record
    assert record["failed"]["try"]


def test_where_no_sign_tells_why_the_loss_does() -> None:
    outcome, _ = tried(experiment(TWO, "sgd: {learning_rate: 1.0e-7}"), steps=20)
    assert outcome.noticed == []
    outcome.losses = [2.0] * 100
    assert outcome.failed().name == "stuck"
    outcome.losses[50:] = [1.0] * 50
    assert outcome.failed().name == "slow"


def test_what_would_keep_it_from_that_is_put_aside_and_named() -> None:
    sets = [
        "data.augment=[flip]",
        "data.mix=[mixup]",
        "model.loss={softmax: {label_smoothing: 0.1}}",
        "train.l2=0.1",
        "train.optimizer={adamw: {weight_decay: 0.3}}",
        "train.average={ema: 0.99}",
        "train.schedule=cosine",
        f"train.groups=[{GROUPS}]",
        "train.patience=3",
    ]
    body = "affine: 192, bn: {ghost_batch_size: 5}, relu, dropout: {keep: 0.5}, stochastic_depth: {drop: 0.5}"
    layers = f"residual: {{layers: [{body}], shortcut: [affine: 192, bn: {{ghost_batch_size: 10}}]}}, affine: 10"
    plain, aside = simplified(experiment(layers, sets=sets), 20, 40)
    assert set(aside) == {
        "data.augment",
        "data.mix",
        "dropout",
        "stochastic_depth",
        "ghost_batch_size",
        "label_smoothing 0.1",
        "train.l2",
        "train.weight_decay",
        "train.average",
        "train.groups' freeze_after",
        "train.groups' freeze_last",
        "train.patience",
        "train.schedule (cosine)",
    }
    train: Train = plain.train
    assert (train.l2, train.weight_decay, train.optimizer.own_weight_decay, train.average) == (0, 0, 0, None)
    assert (train.groups[0].learning_rate, train.groups[0].freeze_after, train.groups[1].freeze_last) == (2, None, 0)
    assert train.schedule == Multistep(epochs=(32,))
    block = plain.model.layers[1]
    assert isinstance(block, Residual)
    inner = (*block.layers, *(block.shortcut or ()))
    assert [each.ghost_batch_size for each in inner if isinstance(each, Bn)] == [None, None]
    assert [each.p for each in inner if isinstance(each, Dropout | StochasticDepth)] == [1.0, 1.0]
    built = build(plain)
    assert (built.solver.steps, len(built.split.train), built.validation) == (40, 20, None)
    assert np.array_equal(built.split.train, np.unique(built.split.train))


def test_images_are_learnt_at_their_full_size() -> None:
    sets = ["train.resolution={schedule: {stages: [[0, 16], [0.5, 32]]}}", "train.optimizer=sgd"]
    plain, aside = simplified(experiment("conv: 4, relu, global_avg_pool, affine: 10", sets=sets), 20, 40)
    assert "train.resolution" in aside
    assert plain.train.resolution is None


@pytest.mark.parametrize(("images", "batch", "batches"), [(20, 20, 1), (26, 13, 2), (51, 17, 3), (99, 25, 4)])
def test_batches_are_as_even_as_can_be(images: int, batch: int, batches: int) -> None:
    """No image comes alone to a batch norm, as the last of 26 in batches of 25 would."""
    plain, _ = simplified(experiment("affine: 20, bn, relu, affine: 10"), images, 40)
    assert plain.train.batch_size == batch
    solver = build(plain).solver
    assert (solver.steps_per_epoch, solver.steps) == (batches, 40)
