"""Planted faults are told, each once and by its cause; trainings that are well are left alone; no bit changes."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from nndl.config import load_config
from nndl.config.build import build
from nndl.engines import available, choices
from nndl.train.events import Noticed
from nndl.train.health.health import Health
from nndl.train.health.look import look
from nndl.train.solver import Solver
from tests.small_run import experiment as small
from tests.train.health.watched import experiment, noticed, watched

TWO = "affine: 50, relu, affine: 10"
LARGE = "affine: {out_features: 50, init: normal, weight_scale: 2}, relu"
TINY = "affine: {out_features: 30, init: normal, weight_scale: 0.001}, relu"
ZEROS = "affine: {out_features: 50, init: zeros}, relu, affine: {out_features: 10, init: zeros}"

PLANTED = {
    "zeros everywhere": (ZEROS, "sgd: {learning_rate: 0.05}", ["vanishing", "chance"]),
    "deep and tiny": (f"{', '.join([TINY] * 5)}, affine: 10", "sgd: {learning_rate: 0.05}", ["vanishing", "chance"]),
    "scaled to nothing": (f"affine: 50, scale: 1e-8, {TWO}", "sgd: {learning_rate: 0.05}", ["vanishing", "chance"]),
    "one large layer": (f"{LARGE}, affine: 10", "sgd: {learning_rate: 0.0001}", ["first_loss"]),
    "five large layers": (f"{', '.join([LARGE] * 5)}, affine: 10", "sgd: {learning_rate: 1.0e-15}", ["exploding"]),
    "rate too low": (TWO, "sgd: {learning_rate: 1.0e-6}", ["updates", "chance"]),
    "rate too high": (TWO, "adam: {learning_rate: 1}", ["rising"]),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_told_by_its_cause(name: str) -> None:
    layers, optimizer, signs = PLANTED[name]
    said = noticed(experiment(layers, optimizer))
    assert [each.sign for each in said][: len(signs)] == signs, said
    assert len({each.sign for each in said}) == len(said)
    assert all(each.says and each.cure for each in said)


def test_what_was_well_before_the_first_step_is_blamed_on_the_steps() -> None:
    gated = "conv: 8, spatial_bn, relu, squeeze_excite: {ratio: 2}, affine: 10"
    first, *_ = noticed(experiment(gated, "sgd: {learning_rate: 50}"))
    assert (first.sign, first.step) == ("vanishing", 10)
    assert "which was not so before the first step: the steps are too large" in first.says
    assert first.cure.startswith("train.optimizer's learning_rate at 5 or less")


@pytest.mark.parametrize(("bias", "says"), [(-100.0, "every unit of relu1"), (None, "94 % of the units of relu1")])
def test_dead_units_are_told_where_nothing_is_learnt(bias: float | None, says: str) -> None:
    built = build(experiment(TWO, "sgd: {learning_rate: 1.0e-9}"))
    b = built.network.params["affine1.b"]
    b[: 50 if bias else 47] = -100.0
    (dead, *_) = [each for each in watched(built.solver) if isinstance(each, Noticed)]
    assert (dead.sign, dead.step) == ("dead", 0 if bias else 100)
    assert dead.says.startswith(f"dead relu: {says} gives nothing for any image")


def test_dead_units_of_a_network_that_learns_are_left_alone() -> None:
    built = build(experiment(TWO, "sgd: {learning_rate: 0.3}"))
    built.network.params["affine1.b"][:47] = -100.0
    events = watched(built.solver)
    assert not [each for each in events if isinstance(each, Noticed)]
    assert built.solver.history[-1].train_accuracy > 0.2


WELL = {
    "two layers": (TWO, "sgd: {learning_rate: 0.05}"),
    "batch norm": ("affine: 50, bn, relu, affine: 10", "sgd_momentum: {learning_rate: 0.05}"),
    "a branch that begins at nothing": (
        "residual: [conv: {filters: 3, init: zeros}, relu, conv: {filters: 3, init: zeros}], affine: 10",
        "sgd: {learning_rate: 0.05}",
    ),
    "last weights of zero": ("affine: 50, gelu, affine: {out_features: 10, init: zeros}", "adam"),
    "the courses' weights": (
        "affine: {out_features: 50, init: normal, weight_scale: 0.001}, relu, "
        "affine: {out_features: 10, init: normal, weight_scale: 0.001}",
        "adam",
    ),
}


@pytest.mark.parametrize("name", WELL)
def test_what_is_well_is_left_alone(name: str) -> None:
    layers, optimizer = WELL[name]
    assert noticed(experiment(layers, optimizer)) == []


def test_svm_is_compared_with_its_own_guessing() -> None:
    assert noticed(experiment(TWO, sets=["model.loss=svm"])) == []
    (said, *_) = noticed(experiment(f"{LARGE}, affine: 10", "sgd: {learning_rate: 1.0e-6}", ["model.loss=svm"]))
    assert said.sign == "first_loss"
    assert "that of guessing is 10 - 1 = 9:" in said.says


def test_label_smoothing_and_l2_do_not_count_as_loss_of_guessing() -> None:
    """L2 of these adds 5 to the loss, which is above any limit."""
    sets = ["model.loss={softmax: {label_smoothing: 0.2}}", "train.l2=0.1"]
    solver = build(experiment(TWO, sets=sets)).solver
    assert solver.network.l2_loss() > 4.6
    assert list(Health(solver).begin()) == []
    solver = build(experiment(TWO, "sgd: {learning_rate: 1.0e-3}", sets)).solver
    assert "rising" not in [each.sign for each in watched(solver) if isinstance(each, Noticed)]
    heavy = noticed(experiment(TWO, "sgd: {learning_rate: 1.0e-2}", ["train.l2=0.5"]))
    assert "absurd" not in [each.sign for each in heavy]


def test_a_loss_that_begins_large_and_comes_down_has_not_risen() -> None:
    said = noticed(experiment(f"{LARGE}, affine: 10", "sgd: {learning_rate: 1.0e-5}"))
    signs = [each.sign for each in said]
    assert signs[0] == "first_loss"
    assert "rising" not in signs


def test_dropout_is_not_blamed_for_a_first_loss() -> None:
    """With a fifth kept twice, the scores are so noisy that the loss is three times that of guessing."""
    layers = "affine: 50, relu, dropout: {keep: 0.2}, affine: 50, relu, dropout: {keep: 0.2}, affine: 10"
    solver = build(experiment(layers)).solver
    assert next(solver.events()).loss > 3 * np.log(10)
    assert list(Health(build(experiment(layers)).solver).begin()) == []


def test_stochastic_depth_is_left_out_of_a_look() -> None:
    """Its noise is none of the first loss: what is looked at is the network that keeps every image."""
    X, y = np.random.default_rng(0).standard_normal((9, 3, 32, 32)), np.arange(9)
    drops, keeps = (
        build(experiment(f"affine: 50, relu, stochastic_depth: {{keep: {keep}}}, affine: 10")).network
        for keep in (0.3, 1.0)
    )
    assert look(drops, X, y).loss == look(keeps, X, y).loss != drops.loss(X, y)[0]


@pytest.mark.parametrize("config", ["quickstart", "three_layer", "bn_cnn"])
def test_the_small_bundled_configs_are_not_accused(config: str) -> None:
    sets = ["data.dataset=synthetic", "data.train_size=1250", "data.validation_size=200", "data.test_size=20"]
    experiment = load_config(config, sets)
    assert noticed(experiment.with_epochs(105 / (1050 // experiment.train.batch_size))) == []


def state(solver: Solver) -> dict[str, Any]:
    arrays, info = solver.state()
    for epoch in info["history"]:
        epoch.update(seconds=0, images_per_second=0)
    return {**arrays, **{key: value for key, value in info.items() if "seconds" not in key}}


@pytest.mark.parametrize("engine", available())
@pytest.mark.parametrize("shards", [None, 2])
def test_no_bit_changes(engine: str, shards: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With batch norm, dropout, augmentation and averages; looked at after every step."""
    monkeypatch.setattr("nndl.train.health.health.EARLY", range(100))
    train = small(engine).train.model_copy(update={"shards": shards})
    one, other = (build(small(engine).model_copy(update={"train": train})).solver for _ in range(2))
    for _ in one.events():
        pass
    watched(other)
    found, wanted = state(other), state(one)
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert np.array_equal(found[name], value), name


@pytest.mark.parametrize("engine", choices())
def test_every_engine_is_told_the_same(engine: str) -> None:
    layers = "conv: {filters: 4, init: zeros}, spatial_bn, relu, max_pool: 2, affine: 10"
    said = noticed(experiment(layers, sets=[f"engine={engine}", "train.epochs=0.1"]))
    assert [(each.sign, each.step) for each in said] == [("vanishing", 0)]
    assert said[0].says.startswith(
        "activations vanish: what conv1 gives is the same for every image (0.8 behind avg_pool1"
    )


def test_a_resumed_training_is_told_what_is_new() -> None:
    layers, optimizer, _ = PLANTED["rate too low"]
    straight = noticed(experiment(layers, optimizer))
    for stop in (50, 100, 101, 105, 125):
        one, other = (build(experiment(layers, optimizer)).solver for _ in range(2))
        health, said = Health(one), []
        for event in one.events():
            said += health.see(event)
            if one.step == stop:
                break
        other.restore(*one.state())
        went_on = Health(other, {each.sign for each in said})
        said += [each for each in watched(other, went_on) if isinstance(each, Noticed)]
        assert said == straight, stop


def test_a_look_without_memory_ends_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr("nndl.train.health.health.look", full)
    solver = build(experiment(ZEROS, sets=["train.epochs=5"])).solver
    events = watched(solver)
    assert (solver.step, [each for each in events if isinstance(each, Noticed)]) == (105, [])


def test_it_looks_seldom() -> None:
    """A look costs about as much as three steps: early ones apart, there are 200 steps between two."""
    health = Health(build(experiment(TWO)).solver)
    looks = [step for step in range(101, 2000) if health._is_due(step)]
    assert min(b - a for a, b in pairwise(looks) if b != 126) >= 126 - 105
    assert len([step for step in looks if step != 126]) == 1900 // 210
