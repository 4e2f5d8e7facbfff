"""Schedules have the values their definitions say, and never leave the range of their points."""

import importlib.util
import math
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl.train.events import EpochDone
from nndl.train.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    LrDecay,
    Multistep,
    OneCycle,
    PiecewiseLinear,
    Plateau,
    Schedule,
    WarmRestarts,
    WarmUp,
)


def test_constant_and_lr_decay_follow_the_courses() -> None:
    assert [Constant()(epoch, 10) for epoch in (0, 3.7)] == [1, 1]
    decay = LrDecay(factor=0.5)
    assert [decay(epoch, 10) for epoch in (0, 0.99, 1, 1.5, 3)] == [1, 1, 0.5, 0.5, 0.125]
    assert [LrDecay(factor=0.5, per=2)(epoch, 10) for epoch in (1.9, 2, 4)] == [1, 0.5, 0.25]


@given(steps_per_epoch=st.integers(1, 2000), epoch=st.integers(0, 300))
def test_lr_decay_drops_exactly_at_the_first_step_of_an_epoch(steps_per_epoch: int, epoch: int) -> None:
    step = epoch * steps_per_epoch
    assert LrDecay(factor=0.9)(step / steps_per_epoch, 300) == 0.9**epoch
    if epoch:
        assert LrDecay(factor=0.9)((step - 1) / steps_per_epoch, 300) == 0.9 ** (epoch - 1)


def test_multistep_cosine_and_one_cycle() -> None:
    drops = Multistep(epochs=(2, 4), factor=0.1)
    assert [drops(epoch, 10) for epoch in (1.9, 2, 4)] == pytest.approx([1, 0.1, 0.01])
    assert [Cosine(final=0.2)(epoch, 10) for epoch in (0, 5, 10)] == pytest.approx([1, 0.6, 0.2])
    cycle = OneCycle(peak_at=0.25, start=0.2, final=0.07)
    assert [cycle(epoch, 8) for epoch in (0, 1, 2, 8)] == pytest.approx([0.2, 0.6, 1, 0.07])


def test_piecewise_linear_is_level_outside_its_points_and_refuses_disorder() -> None:
    lines = PiecewiseLinear(points=((1, 0.5), (3, 1.0), (4, 0.0)))
    assert [lines(epoch, 10) for epoch in (0, 1, 2, 3, 3.5, 9)] == pytest.approx([0.5, 0.5, 0.75, 1, 0.5, 0])
    with pytest.raises(ValueError, match="rising order"):
        PiecewiseLinear(points=((1, 0.5), (1, 1.0)))


def test_warm_up_rises_in_equal_steps_and_then_lets_the_schedule_be() -> None:
    warm = WarmUp(LrDecay(factor=0.5), 2, steps_per_epoch=4)
    assert [warm(step / 4, 10) for step in range(4)] == pytest.approx([1 / 8, 2 / 8, 3 / 8, 4 / 8])
    assert warm(2.0, 10) == 0.25
    assert WarmUp(Constant(), 0, 4)(0, 10) == 1


@given(
    name=st.sampled_from(sorted(set(SCHEDULES) - {"multistep", "lr_decay", "piecewise_linear", "warm_restarts"})),
    place=st.floats(0, 1),
    epochs=st.integers(1, 300),
)
def test_multipliers_stay_between_nought_and_one(name: str, place: float, epochs: int) -> None:
    multiplier = SCHEDULES[name]()(place * epochs, epochs)  # type: ignore[operator]
    assert math.isfinite(multiplier)
    assert -1e-12 <= multiplier <= 1 + 1e-12


def test_points_outside_training_are_told() -> None:
    assert Multistep(epochs=(2, 4)).beyond(5) is None
    assert Multistep(epochs=(2, 4)).beyond(4) == ("epochs", 4, "the drop after epoch 4 never comes")
    assert PiecewiseLinear(points=((0, 1), (4, 0))).beyond(4) is None
    assert PiecewiseLinear(points=((0, 1), (4, 0))).beyond(3.9) == ("points", 4, "epoch 4 is no part of training")
    assert Cosine().beyond(0.1) is None
    assert WarmRestarts(t_0=3).beyond(4) is None
    assert WarmRestarts(t_0=4).beyond(4) == ("t_0", 4, "the restart after epoch 4 never comes")


def test_warm_restarts_begin_each_cycle_from_the_top() -> None:
    even, growing = WarmRestarts(t_0=2, final=0.2), WarmRestarts(t_0=1, t_mult=2)
    assert [even(epoch, 9) for epoch in (0, 1, 2, 3, 4, 5)] == pytest.approx([1, 0.6, 1, 0.6, 1, 0.6])
    assert [growing(epoch, 9) for epoch in (0, 0.5, 1, 2, 3, 5, 7)] == pytest.approx([1, 0.5, 1, 0.5, 1, 0.5, 1])
    assert [WarmRestarts(t_0=0.1)(step / 10, 1) for step in range(10)] == pytest.approx([1] * 10)
    assert WarmRestarts(t_0=4).at(lambda epoch: epoch / 2) == WarmRestarts(t_0=2)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
@pytest.mark.parametrize(("t_0", "t_mult"), [(3, 1), (1, 2), (2, 3)])
def test_warm_restarts_are_pytorchs(t_0: int, t_mult: int) -> None:
    torch = pytest.importorskip("torch")
    rule = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(rule, t_0, t_mult, eta_min=0.05)
    own, per_epoch = WarmRestarts(t_0=t_0, t_mult=t_mult, final=0.05), 7
    for step in range(20 * per_epoch):
        theirs.step(step / per_epoch)
        assert own(step / per_epoch, 20) == pytest.approx(rule.param_groups[0]["lr"], abs=1e-9), step


def scored(accuracies: Iterable[float], losses: Iterable[float] | None = None) -> list[EpochDone]:
    """Epochs of which only the validation is told."""
    both = [(accuracy, 1 - accuracy) for accuracy in accuracies] if losses is None else zip(accuracies, losses)  # noqa: B905
    return [
        EpochDone(
            step=epoch,
            epoch=epoch,
            train_loss=1.0,
            train_accuracy=0.5,
            validation_loss=loss,
            validation_accuracy=accuracy,
            learning_rate=0.1,
            seconds=1.0,
            images_per_second=1.0,
            is_best=False,
        )
        for epoch, (accuracy, loss) in enumerate(both, start=1)
    ]


def test_a_plateau_is_left_after_patience_and_after_a_rest() -> None:
    schedule = Plateau(factor=0.5, patience=1, threshold=0.1, cooldown=2, min=0.2)
    history = scored([0.5, 0.54, 0.54, 0.54, 0.54, 0.54, 0.54, 0.54, 0.54, 0.54, 0.9])
    multipliers = [schedule.after(history[:count]) for count in range(len(history) + 1)]
    assert multipliers == [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25]
    assert schedule.after(history + scored([0.1] * 40)) == 0.2
    assert [each().after(history) for each in (Constant, Cosine)] == [1, 1]


@given(
    scores=st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.2001, 0.3, 0.5, math.nan]), max_size=30),
    by=st.sampled_from(["accuracy", "loss"]),
    patience=st.integers(0, 3),
    cooldown=st.integers(0, 3),
    threshold=st.sampled_from([0.0, 1e-4, 0.1]),
)
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
def test_a_plateau_is_pytorchs(scores: list[float], by: Any, patience: int, cooldown: int, threshold: float) -> None:
    torch = pytest.importorskip("torch")
    rule = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        rule, "max" if by == "accuracy" else "min", 0.3, patience, threshold, cooldown=cooldown, min_lr=0.01, eps=0.0
    )
    own = Plateau(factor=0.3, by=by, patience=patience, threshold=threshold, cooldown=cooldown, min=0.01)
    history = scored(scores, scores)
    for count, score in enumerate(scores, start=1):
        theirs.step(score)
        assert own.after(history[:count]) == pytest.approx(rule.param_groups[0]["lr"], rel=1e-12)


def test_warm_up_lets_a_plateau_be() -> None:
    warm: WarmUp | Schedule = WarmUp(Plateau(factor=0.5, patience=0), 2, steps_per_epoch=4)
    assert warm.after(scored([0.5, 0.5])) == 0.5
    assert warm(0.0, 9) == 0.125


def test_schedules_refuse_points_that_mean_nothing() -> None:
    with pytest.raises(ValueError, match="epochs should be in rising order"):
        Multistep(epochs=(4, 2))
    with pytest.raises(ValueError, match="points begin with epoch -1, but training begins with epoch 0"):
        PiecewiseLinear(points=((-1, 0.5), (1, 1.0)))
