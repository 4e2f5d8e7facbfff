"""Checks before a training: planted faults are found and named, bundled configs pass."""

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pytest

from nndl.check.trials import before, dependence
from nndl.check.trials.baseline import Blind, against_zeros
from nndl.check.trials.before import Checked, check_before
from nndl.config import Experiment, load_config
from nndl.config.build import build, build_network
from nndl.conv_layers import spatial_batchnorm_forward
from nndl.engines import available
from nndl.layers import affine_backward, relu_forward
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.norm import SpatialBn
from tests.train.health.watched import experiment

NORMED = "conv: 4, spatial_bn, relu, affine: 10"
BLOCK = "residual: [conv: 3, spatial_bn, relu], affine: 10"
TWO = "affine: 50, relu, affine: 10"


def images(count: int = 4) -> Any:
    return np.random.default_rng(0).normal(size=(count, 3, 32, 32))


def checked(experiment: Experiment, seconds: float = 60.0) -> dict[str, Checked]:
    return {each.name: each for each in check_before(experiment, seconds)}


@pytest.mark.parametrize("config", ["quickstart", "three_layer", "bn_cnn"])
def test_the_small_bundled_configs_pass(config: str) -> None:
    found = checked(load_config(config, ["data.dataset=synthetic"]))
    assert {name: each.says for name, each in found.items() if each.verdict != "ok"} == {}
    assert len(found) == 6


def in_test_mode_as_in_training(x: Any, gamma: Any, beta: Any, bn_param: dict[str, Any]) -> Any:
    """B13 of the mistakes: test mode normalises by the batch."""
    return spatial_batchnorm_forward(x, gamma, beta, {**bn_param, "mode": "train"})


@pytest.mark.parametrize(
    ("layers", "where"),
    [(NORMED, "spatial_bn1"), (BLOCK, "residual1.spatial_bn1"), (f"spatial_bn, {BLOCK}", "spatial_bn1")],
)
def test_a_layer_that_mixes_images_in_test_mode_is_named(
    layers: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SpatialBn, "pair", SpatialBn.pair._replace(forward=in_test_mode_as_in_training))
    network = build_network(experiment(layers), "reference")
    assert dependence.mixing(network, images(), "test")[0] == where
    found = before._apart(network, images())
    assert found.verdict == "FAILED"
    assert found.says == f"in test mode what {where} gives for an image depends on another image of the batch"


def test_a_layer_that_mixes_them_in_training_is_named_unless_it_is_batch_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    def centred(x: Any) -> Any:
        return relu_forward(x - x.mean(axis=0))

    dropping = "dropout: {keep: 0.5}, stochastic_depth: {keep: 0.5}"
    network = build_network(experiment(f"{NORMED[:-12]}, {dropping}, affine: 10"), "reference")
    assert before._apart(network, images()).says.endswith("batch norm mixes them, as it should, in 1 places")
    monkeypatch.setattr(Relu, "pair", Relu.pair._replace(forward=centred))
    network = build_network(experiment(NORMED), "reference")
    assert "relu1 gives for an image depends on another image" in before._apart(network, images()).says


@pytest.mark.parametrize("block", ["residual: [%s]", "concat: {a: [], b: [%s]}"])
def test_what_draws_within_a_block_mixes_no_images(block: str) -> None:
    layers = block % "dropout: {keep: 0.5}, conv: 3, relu, stochastic_depth: {keep: 0.5}"
    network = build_network(experiment(f"{layers}, affine: 10"), "vectorized")
    assert dependence.mixing(network, images(), "train") == dependence.mixing(network, images(), "test") == []


@pytest.mark.parametrize("engine", available())
def test_no_engine_mixes_images_in_test_mode(engine: str) -> None:
    network = build_network(experiment(f"conv: 4, spatial_bn, relu, max_pool: 2, {BLOCK}"), engine)
    state = network.params.vector.copy(), network.buffers.vector.copy()
    assert dependence.mixing(network, images(), "test") == []
    mixed = dependence.mixing(network, images(), "train")
    assert len(mixed) == 2
    assert all("spatial_bn" in name for name in mixed)
    assert np.array_equal(network.params.vector, state[0])
    assert np.array_equal(network.buffers.vector, state[1])


@pytest.mark.parametrize(
    ("layers", "unseen"),
    [
        ("conv: {filters: 4, kernel: 3}, relu, affine: 10", 0),
        ("conv: {filters: 4, kernel: 1, pad: 0, stride: 2}, relu, affine: 10", 48),
        ("max_pool: 3, affine: 10", 28),
        ("conv: {filters: 4, kernel: 3, init: zeros}, spatial_bn, gelu, global_max_pool, affine: 10", 0),
    ],
)
def test_pixels_that_no_score_depends_on_are_found(layers: str, unseen: int) -> None:
    """Behind the pooling by 4 there are 8 x 8 places, of 16 pixels each."""
    found = dependence.unseen_pixels(build_network(experiment(layers)), images())
    assert np.count_nonzero(found) == 16 * unseen
    said = before._pixels(experiment(layers), images(), lambda: False, lambda _: None, 128)
    assert said.verdict == ("FAILED" if unseen else "ok")
    if unseen == 28:
        assert "448 of 1,024 places of an image move no score (rows 24, 25, 26, 27 ... and columns 24, " in said.says


def test_a_wrong_gradient_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_bias(dout: Any, cache: Any) -> Any:
        dx, dw, db = affine_backward(dout, cache)
        return dx, dw, 0 * db

    monkeypatch.setattr(Affine, "pair", Affine.pair._replace(backward=without_bias))
    wrong = experiment(TWO).model_copy(update={"engine": "reference"})
    found = before._gradients(wrong, lambda: False, lambda _: None)
    assert found.verdict == "FAILED"
    assert found.says.startswith("2 are wrong of 4 of 4 parameters: affine1.b, affine2.b (")


def after(calls: int) -> Callable[[], bool]:
    """Return what says that the time is over, once it has been asked so often."""
    asked = count()
    return lambda: next(asked) >= calls


def test_gradients_are_checked_as_far_as_the_time_suffices() -> None:
    """A parameter takes four losses, two along its direction and two at a place of it."""
    found = before._gradients(experiment(TWO), after(6), lambda _: None)
    assert found.verdict == "ok"
    assert found.says.startswith("1 of 4 parameters, to a relative error of ")
    assert before._gradients(experiment(TWO), after(3), lambda _: None).verdict == "undecided"


def test_pixels_are_looked_at_as_far_as_the_time_suffices() -> None:
    found = before._pixels(experiment(TWO), images(), after(3), lambda _: None, 16)
    assert found.verdict == "undecided"
    assert found.says == "48 of 1,024 places of an image move the scores, when the time was over"


def test_where_a_step_takes_longer_than_the_time_no_step_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that takes 0.05 s an image, forth: fewer than eight are done in the time."""

    def slowly(x: Any) -> Any:
        time.sleep(0.05 * len(x))
        return relu_forward(x)

    monkeypatch.setattr(Relu, "pair", Relu.pair._replace(forward=slowly))
    began = time.monotonic()
    found = checked(experiment(TWO).model_copy(update={"engine": "reference"}), seconds=0.3)
    assert {each.verdict for each in found.values()} == {"undecided"}
    assert found["a few by heart"].says.startswith("20 images take about 1")
    assert time.monotonic() - began < 10  # by itself it takes 1.5: 1,024 places alone would take 50


def test_a_network_that_learns_no_better_from_images_than_from_zeros_fails() -> None:
    found = before._baseline(experiment(f"scale: 0.0, {TWO}"), lambda: False, lambda _: None)
    assert found.verdict == "FAILED"
    assert "with zeros, after step 126: the network learns nothing from them" in found.says
    assert before._baseline(experiment(TWO), lambda: False, lambda _: None).verdict == "ok"


def test_zeros_that_no_batch_norm_can_take_cost_as_much_as_guessing() -> None:
    """Of a variance of 0 an eps of 1e-12 makes a divisor of a millionth."""
    layers = "conv: 4, spatial_bn: {eps: 1.0e-12}, relu, conv: 4, spatial_bn: {eps: 1.0e-12}, relu, affine: 10"
    ill = experiment(layers, "sgd: {learning_rate: 0.5}")
    found = against_zeros(lambda: build(ill), lambda: False, lambda *_: None)
    assert found.ended == ""
    assert found.shown
    ended = against_zeros(lambda: build(experiment(TWO, "sgd: {learning_rate: 1e9}")), lambda: False, lambda *_: None)
    assert ended.ended


def test_zeros_are_what_the_network_is_shown() -> None:
    network = build_network(experiment(TWO))
    X, y = images(), np.arange(4)
    assert Blind(network).loss(X, y)[0] == network.loss(0 * X, y)[0] != network.loss(X, y)[0]


def test_what_the_time_does_not_suffice_for_is_undecided() -> None:
    found = checked(experiment(TWO, "sgd: {learning_rate: 1.0e-3}"), seconds=0.0)
    assert {each.verdict for each in found.values()} == {"undecided"}
    for check in (before._by_heart, before._baseline):
        assert check(experiment(TWO, "sgd: {learning_rate: 1.0e-3}"), after(0), lambda _: None).verdict == "undecided"


def test_a_training_that_is_broken_off_does_not_blame_what_may_come_with_time() -> None:
    """After a few steps batch norm's averages have not followed yet, though training mode knows the images."""
    slow = experiment("spatial_bn: {momentum: 0.999}, affine: 50, relu, affine: 10", sets=["data.normalize=none"])
    steps = 0

    def over() -> bool:
        nonlocal steps
        steps += 1
        return steps > 80

    found = before._by_heart(slow, over, lambda _: None)
    assert (found.verdict, found.cure.split(",")[0]) == ("undecided", "--seconds")


def test_no_more_images_are_taken_than_the_config_has() -> None:
    sets = ["data.train_size=80", "data.validation_size=10"]
    found = checked(experiment(TWO, "sgd: {learning_rate: 0.2}", sets))
    assert {each.verdict for each in found.values()} == {"ok"}


def test_what_fails_says_what_to_try() -> None:
    tiny = ", ".join(["affine: {out_features: 30, init: normal, weight_scale: 0.0001}, relu"] * 4)
    found = checked(experiment(f"{tiny}, affine: 10"), seconds=1.0)
    assert found["before the first step"].verdict == found["a few by heart"].verdict == "FAILED"
    assert all(each.cure for each in found.values() if each.verdict == "FAILED")
    record = replace(found["before the first step"], seconds=1.234).record()
    assert (record["verdict"], record["seconds"], record["try"].split(",")[0]) == ("failed", 1.23, "init: he")
