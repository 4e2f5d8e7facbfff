"""Signs as functions of figures: where they begin, and what they say."""

import math

import pytest

from nndl.net.losses import SoftmaxLoss, SvmLoss
from nndl.train.health import signs
from nndl.train.health.look import Look, Output
from nndl.train.health.signs import Guessing

TEN = Guessing.of(SoftmaxLoss(label_smoothing=0.2), 10)


def outputs(*varies: float, dead: float | None = None) -> list[Output]:
    """A network of layers with weights and activations behind them, that vary by so much; the scores last."""
    layers = [Output(f"relu{place}", "relu", each, each, dead) for place, each in enumerate(varies, 1)]
    return [*layers, Output("affine9", "affine", 1.0, 1.0)]


def test_guessing_costs_what_equal_scores_do() -> None:
    assert TEN.loss == pytest.approx(math.log(10))
    assert Guessing.of(SvmLoss(), 10).loss == 9
    assert Guessing.of(SvmLoss(), 1).loss == 1


def test_the_scores_may_be_as_small_as_one_likes_and_a_hidden_layer_not() -> None:
    tiny = [*outputs(1.0, 0.1)[:-1], Output("affine9", "affine", 0.0, 0.0)]
    assert signs.of_start(Look(2.3, tiny), TEN) is None
    found = signs.of_start(Look(2.3, outputs(1.0, 1e-6, 1e-12)), TEN)
    assert found
    assert found.name == "vanishing"
    assert "relu2 gives differs by 1e-06 from image to image (1 behind relu1, 1 behind affine9)" in found.says


def test_what_explodes_is_told_instead_of_the_loss_it_leads_to() -> None:
    found = signs.of_start(Look(900.0, outputs(30.0, 1e3, 3e4)), TEN)
    assert found
    assert (found.name, "relu3" in found.says) == ("exploding", True)
    assert (signs.of_start(Look(900.0, outputs(30.0, 300.0)), TEN) or found).name == "first_loss"
    assert signs.of_layers(Look(900.0, outputs(30.0, 1e3, 3e4)), rate=0.1) is None, "later it may have grown so far"
    assert signs.of_layers(Look(900.0, outputs(30.0, math.inf)), rate=0.1) is not None
    assert signs.of_layers(Look(900.0, outputs(30.0, math.nan)), rate=0.1) is not None


@pytest.mark.parametrize(("loss", "dead", "told"), [(2.3, 0.95, True), (2.3, 0.85, False), (1.9, 0.95, False)])
def test_dead_units_count_where_nothing_is_learnt(loss: float, dead: float, told: bool) -> None:
    assert bool(signs.of_dead_units(Look(loss, outputs(1.0, dead=dead)), TEN)) is told


def test_gradients_that_vanish_are_told_but_not_those_within_a_block() -> None:
    found = signs.of_gradients(Look(pull={"affine1.w": 1e-9, "affine2.w": 1e-4, "affine3.w": 0.1}))
    assert found
    assert found.says == "gradients vanish: affine1.w counts 1e-08 times what affine3.w does for the loss"
    for well in ({"a.w": 1e-4, "b.w": 1.0}, {"r.conv1.w": 0.0, "b.w": 1.0, "c.w": 1.0}, {"a.w": 1.0}, {}):
        assert signs.of_gradients(Look(pull=well)) is None


@pytest.mark.parametrize(
    ("ratios", "loss", "share", "told"),
    [
        ((0.4, 0.5, 0.001), 2.3, 1.0, "the weights by 40 %"),
        ((0.2, 0.25, 0.9), 2.3, 1.0, ""),
        ((1e-5, 1e-6), 2.3, 1.0, "no weight by more than 1e-05"),
        ((1e-5, 1e-6), 2.3, 0.01, ""),
        ((1e-5, 1e-6), 0.1, 1.0, ""),
        ((2e-4, 1e-6), 2.3, 1.0, ""),
        ((), 2.3, 1.0, ""),
    ],
)
def test_updates_are_compared_with_weights(ratios: tuple[float, ...], loss: float, share: float, told: str) -> None:
    """Small ones are right where all is learnt, and where the learning rate comes up or goes down."""
    found = signs.of_updates({str(place): each for place, each in enumerate(ratios)}, loss, TEN, 0.1, share)
    assert told in found.says if told and found else not found and not told


def test_a_spike_or_a_bad_beginning_is_no_rise() -> None:
    assert signs.of_rising(9.0, 2.5, TEN, 0.1) is None
    assert signs.of_rising(1.5, 9.0, TEN, 0.1) is None
    found = signs.of_rising(9.0, 8.0, TEN, 0.1)
    assert found
    assert "learning_rate at 0.01" in found.cure


@pytest.mark.parametrize(
    ("accuracy", "images", "commonest", "loss", "told"),
    [(0.10, 1000, 0.12, 2.3, True), (0.2, 1000, 0.12, 2.3, False), (0.10, 1000, 0.12, 2.0, False)],
)
def test_chance_is_what_the_commonest_class_gives(
    accuracy: float, images: int, commonest: float, loss: float, told: bool
) -> None:
    """An average of weights may lag behind for an epoch: the loss says whether the network has learnt."""
    assert bool(signs.of_chance(accuracy, images, commonest, loss, TEN)) is told
