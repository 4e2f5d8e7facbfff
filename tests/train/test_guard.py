"""A training whose numbers make no sense any more is ended in words, and none that may come to something is."""

from typing import Any

import numpy as np
import pytest

from nndl.engines import get_engine
from nndl.errors import TrainingError
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.losses import SvmLoss
from nndl.net.network import Network
from nndl.train.events import EpochDone, Finished, StepDone
from nndl.train.guard import Guard
from nndl.train.optimizers import Adam, Muon, RmsProp, Rule, Sgd, SgdMomentum
from nndl.train.solver import Solver
from nndl.train.updater import Group
from tests.train import tiny

RULES = (Sgd, SgdMomentum, RmsProp, Adam)


def seen(solver: Solver) -> list[Any]:
    """The events up to the end or the error."""
    events: list[Any] = []
    with pytest.raises(TrainingError) as caught:
        events.extend(solver.events())
    return [*events, str(caught.value)]


@pytest.mark.parametrize("rate", [1e6, 1e8, 1e10, 1e15, 1e20, 1e30, 1e37])
@pytest.mark.parametrize("rule", RULES)
def test_a_rate_beyond_reason_ends_in_words_before_it_is_saved(rule: type[Rule], rate: float) -> None:
    *events, words = seen(tiny.solver(epochs=10, optimizer=rule(learning_rate=rate)))
    assert f"learning rate {rate:.3g}; losses of the steps before: 1.85" in words
    assert "cures: train.optimizer's learning_rate at " in words
    assert not any(isinstance(event, Finished) for event in events)
    assert all(event.loss < 1e7 for event in events if isinstance(event, StepDone))
    least = {Sgd: "0.01", SgdMomentum: "0.01", RmsProp: "0.01", Adam: "0.001"}
    assert f"learning_rate at {least[rule]}" in words


@pytest.mark.parametrize("engine", ["reference", "vectorized"])
def test_filters_that_are_updated_whole_are_seen_too(engine: str) -> None:
    layers = [Conv(filters=4), Affine(out_features=tiny.CLASSES)]
    network = Network(layers, tiny.SHAPE, get_engine(engine), seed=0)
    others = (Group(match="affine1.*", learning_rate=0.0),)
    words = seen(tiny.solver(network=network, optimizer=Muon(learning_rate=1e12), groups=others))[-1]
    assert "the weights are far too large (conv1.w comes to " in words
    assert "after step 1 (epoch 1)" in words


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_a_gradient_that_is_not_finite_is_seen_though_the_loss_is(value: float, clip_norm: float | None) -> None:
    solver = tiny.solver(clip_norm=clip_norm)
    loss = solver.network.loss

    def spoilt(X: Any, y: Any) -> Any:
        result, gradients = loss(X, y)
        if solver.step == 4:
            gradients["affine2.w"][3, 1] = value
        return result, gradients

    solver.network.loss = spoilt  # type: ignore[method-assign, assignment]
    *events, words = seen(solver)
    assert [event.step for event in events] == [1, 2, 3, 3, 4]
    assert isinstance(events[3], EpochDone)
    assert words.startswith("affine2.w is not finite after step 5 (epoch 2), learning rate 0.01")


def test_running_statistics_that_are_not_finite_are_seen() -> None:
    solver = tiny.solver()
    solver.network.buffers["bn1.running_var"] = np.full(16, np.inf)
    assert seen(solver)[-1].startswith("bn1.running_var is not finite after step 3 (epoch 1)")


def guard(**options: Any) -> Guard:
    return Guard(tiny.network(**options), Adam())


def test_losses_of_trainings_that_come_to_something_raise_no_alarm() -> None:
    climbing, large, spiking = guard(), guard(), guard()
    for loss in (2.3, 3.1, 5.5, 4.0, 2.0, 0.1, 0.0, 1e-30, 2.0):
        climbing.see_loss(loss, 1, 1, 0.1)
    for loss in (3e11, 1e9, 4e8, 9e8, 2e6, 100.0):  # weights that begin far too large, and shrink
        large.see_loss(loss, 1, 1, 0.1)
    for loss in (1e-4, 1e4, 1e-3, 1e6):
        spiking.see_loss(loss, 1, 1, 0.1)
    spiking.see_weights(1e15, 1, 1, 0.1)


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([2.3, 1e7], r"the loss is 1e\+07, and guessing costs 1.39, at step 1 .*: 2.3\n"),
        ([2.3, float("nan")], "the loss is nan at step 1 .*: 2.3\n"),
        ([float("inf")], "(?s)the loss is inf at step 1 .*: none.*smaller weights to begin with"),
        ([1e13], "(?s)the loss is 1e.13, and guessing .*: none.*smaller weights to begin with"),
        ([0.0, 2e6], "the loss is 2e.06, and guessing"),
    ],
)
def test_losses_that_lead_nowhere_raise_one(losses: list[float], said: str) -> None:
    watching = guard()
    for loss in losses[:-1]:
        watching.see_loss(loss, 1, 1, 0.1)
    with pytest.raises(TrainingError, match=said):
        watching.see_loss(losses[-1], 1, 1, 0.1)


def test_losses_far_beyond_that_stay_there_raise_one_and_spikes_do_not() -> None:
    def see(watching: Guard, *losses: float) -> None:
        for step, loss in enumerate(losses, 1):
            watching.see_loss(loss, step, 1, 0.1)

    lost = (2.0, *[2.1e4] * 99)
    see(guard(), *lost, 1000.0, *lost)  # once below, and all is open again
    see(guard(), *[2.1e4] * 1000)  # it began there
    with pytest.raises(TrainingError, match=r"no loss of 100 steps was below 1,386, .* after one of 2, at step 101 "):
        see(guard(), *lost, 2.1e4)


def test_an_epoch_beyond_reason_is_told_unless_it_comes_down_or_is_the_first() -> None:
    watching = guard()
    for losses in ([13.0, 1.0], [500.0], [500.0, 200.0], [2.0, 13.0]):
        assert watching.doubt(losses, ended=False) is None
    assert watching.doubt([2.0, 1.0], ended=True) is None
    for losses, ended in (([2.0, 500.0], False), ([500.0, 400.0], False), ([500.0, 200.0], True), ([500.0], True)):
        said, cures = watching.doubt(losses, ended=ended) or ("", "")
        cost = f"epoch {len(losses)} costs {losses[-1]:.3g} on average, where guessing costs 1.39"
        assert said == f"{cost}: this learns nothing"
        assert cures.startswith("train.optimizer's learning_rate at 0.0001, ")


@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("loss", [None, SvmLoss()])
def test_weights_that_begin_large_may_shrink(scale: float, loss: Any) -> None:
    """Three layers of weights of size 1 and 30 on images of size 100: the first losses are 10^4 and 10^9."""
    layers = [Affine(out_features=60, init="normal", weight_scale=scale) for _ in range(2)]
    network = Network([*layers, Affine(out_features=tiny.CLASSES)], tiny.SHAPE, get_engine("reference"), loss=loss)
    events = list(tiny.solver(epochs=5, network=network, optimizer=Adam(learning_rate=1e-2)).events())
    losses = [event.loss for event in events if isinstance(event, StepDone)]
    assert losses[0] > 40 * scale**2
    assert isinstance(events[-1], Finished)
