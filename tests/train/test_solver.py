"""The solver learns, repeats itself exactly, goes on exactly where it stopped, and stops when it must."""

import itertools
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from nndl.errors import CheckpointError, TrainingError
from nndl.train.events import EpochDone, Event, Finished, Interrupted, Scoring, StepDone
from nndl.train.optimizers import Adam, SgdMomentum
from nndl.train.schedules import Cosine, Plateau
from nndl.train.solver import Solver
from nndl.train.state import LATER
from nndl.train.transforms import Ema, Lookahead, Swa
from nndl.train.updater import Group
from tests.train import tiny

EVERYTHING: dict[str, Any] = {
    "schedule": Cosine(),
    "warmup_epochs": 1.5,
    "weight_decay": 0.1,
    "groups": (Group(match="*.b", learning_rate=2.0),),
    "clip_norm": 1.0,
    "average": Ema(decay=0.9),
}
SPEED_RUN: dict[str, Any] = {
    "epochs": 3.4,
    "optimizer": SgdMomentum(learning_rate=0.05),
    "weight_decay": 0.1,
    "groups": (
        Group(match="bn1.beta", learning_rate=4.0, weight_decay=0.5),
        Group(match="affine1.*", freeze_after=2),
        Group(match="bn1.gamma", learning_rate=0.0),
    ),
    "average": Lookahead(every=2),
}

PLATEAU: dict[str, Any] = {
    "epochs": 5,
    "schedule": Plateau(factor=0.3, patience=0, threshold=0.5),
    "warmup_epochs": 0.5,
}

SWA: dict[str, Any] = {
    "epochs": 5,
    "schedule": Cosine(),
    "average": Swa(start=0.3, every="2 steps", learning_rate=0.004, anneal_epochs=1.0),
    "shown": tiny.TinyBatches(),
}


def run(solver: Solver) -> list[Event]:
    return list(solver.events())


def same_state(left: Solver, right: Solver) -> bool:
    """Every array bit for bit, every number but the seconds."""
    (arrays, info), (others, other_info) = left.state(), right.state()
    for each in (info, other_info):
        each.pop("seconds")
        each.pop("epoch_seconds")
        each["history"] = [timeless(epoch) for epoch in each["history"]]
    same = all(array.tobytes() == others[name].tobytes() for name, array in arrays.items())
    return same and arrays.keys() == others.keys() and info == other_info


def timeless(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in ("seconds", "images_per_second")}


def test_events_come_in_order_and_count() -> None:
    events = run(tiny.solver(epochs=2))
    assert [type(event) for event in events] == [*([StepDone] * 3 + [EpochDone]) * 2, Finished]
    steps = [event for event in events if isinstance(event, StepDone)]
    assert [step.step for step in steps] == [1, 2, 3, 4, 5, 6]
    assert [step.epoch for step in steps] == [1, 1, 1, 2, 2, 2]
    assert [step.images for step in steps] == [16, 16, 8] * 2
    epochs = [event for event in events if isinstance(event, EpochDone)]
    assert epochs[1].train_loss == pytest.approx(np.mean([step.loss for step in steps[3:]]))
    assert (epochs[1].step, epochs[1].epoch) == (6, 2)


def test_a_last_epoch_may_be_a_part_of_one() -> None:
    solver = tiny.solver(epochs=2.4)
    events = run(solver)
    assert [type(event) for event in events] == [
        *([StepDone] * 3 + [EpochDone]) * 2,
        *[StepDone] * 2,
        EpochDone,
        Finished,
    ]
    steps = [event for event in events if isinstance(event, StepDone)]
    last = [event for event in events if isinstance(event, EpochDone)][-1]
    assert (last.epoch, last.step, solver.steps) == (3, 8, 8)
    assert last.train_loss == pytest.approx(np.mean([step.loss for step in steps[6:]]))


@pytest.mark.parametrize(("epochs", "per_epoch", "steps"), [(1.1, 10, 11), (0.1, 30, 3), (9.9, 48, 476), (2, 7, 14)])
def test_steps_are_counted_without_the_rounding_of_their_product(epochs: float, per_epoch: int, steps: int) -> None:
    solver = tiny.solver(epochs=epochs)
    solver.steps_per_epoch = per_epoch
    assert solver.steps == steps


def test_the_least_share_of_an_epoch_is_a_step() -> None:
    events = run(tiny.solver(epochs=1e-9))
    assert [type(event) for event in events] == [StepDone, EpochDone, Finished]
    assert events[-1].step == 1


def test_an_epoch_cut_short_can_be_gone_on_with() -> None:
    short, longer, whole = tiny.solver(epochs=1.4), tiny.solver(epochs=3), tiny.solver(epochs=3)
    run(short)
    longer.restore(*short.state())
    epochs = [event for event in run(longer) if isinstance(event, EpochDone)]
    run(whole)
    assert [epoch.step for epoch in epochs] == [9]
    np.testing.assert_array_equal(longer.network.params.vector, whole.network.params.vector)


@pytest.mark.parametrize("epochs", [1.7, 2])
def test_one_that_stays_the_last_is_scored_again_at_its_end(epochs: float) -> None:
    short, longer = tiny.solver(epochs=1.4), tiny.solver(epochs=epochs)
    run(short)
    longer.restore(*short.state())
    assert [event.step for event in run(longer) if isinstance(event, EpochDone)] == [6]
    assert [(epoch.step, epoch.epoch) for epoch in longer.history] == [(3, 1), (5, 2), (6, 2)]
    still = tiny.solver(epochs=4)
    still.restore(*longer.state())
    assert [event.step for event in run(still) if isinstance(event, EpochDone)] == [9, 12]


def test_frozen_parameters_stay_as_they_are_while_the_others_learn() -> None:
    solver = tiny.solver(**SPEED_RUN)
    seen: list[dict[str, Any]] = []
    for event in solver.events():
        if isinstance(event, EpochDone):
            seen.append({name: value.copy() for name, value in solver.network.params.items()})
    moved = {name: [not np.array_equal(a[name], b[name]) for a, b in itertools.pairwise(seen)] for name in seen[0]}
    assert moved.pop("affine1.w") == moved.pop("affine1.b") == [True, False, False]
    assert moved.pop("bn1.gamma") == [False, False, False]
    assert set(map(tuple, moved.values())) == {(True, True, True)}
    assert (seen[0]["bn1.gamma"] == 1).all()


def test_it_overfits_a_tiny_set() -> None:
    network = tiny.network(dropout=False)
    solver = tiny.solver(epochs=60, network=network, optimizer=Adam(learning_rate=0.02), schedule=Cosine())
    last = [event for event in run(solver) if isinstance(event, EpochDone)][-1]
    assert last.train_accuracy == 1.0
    assert last.train_loss < 0.1


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    one, two, other = tiny.solver(**EVERYTHING), tiny.solver(**EVERYTHING), tiny.solver(seed=1, **EVERYTHING)
    for solver in (one, two, other):
        run(solver)
    assert same_state(one, two)
    assert not same_state(one, other)


@pytest.mark.parametrize("stop_at", [1, 3, 4, 7, 11])
@pytest.mark.parametrize(
    "options", [{}, EVERYTHING, SPEED_RUN, PLATEAU, SWA], ids=["plain", "everything", "speed-run", "plateau", "swa"]
)
def test_stopped_and_restored_equals_uninterrupted(stop_at: int, options: dict[str, Any]) -> None:
    whole = tiny.solver(**options)
    expected = run(whole)

    first = tiny.solver(**options)
    seen = list(itertools.takewhile(lambda event: event.step < stop_at, first.events()))
    arrays, info = first.state()  # the step that ended takewhile has been taken
    second = tiny.solver(seed=0, **options)
    second.network.params.vector[:] = 7.0  # nothing of what it started with may survive
    second.restore(arrays, info)
    assert second.step == stop_at
    rest = run(second)

    assert same_state(whole, second)
    assert [timeless(asdict(event)) for event in rest] == [timeless(asdict(event)) for event in expected[-len(rest) :]]
    assert len(seen) + 1 + len(rest) == len(expected)


def test_the_rates_of_a_plateau_are_those_of_the_steps_after_it() -> None:
    solver = tiny.solver(**PLATEAU)
    events = run(solver)
    rates: dict[int, set[float]] = {}
    for event in events:
        if isinstance(event, StepDone) and event.epoch > 1:
            rates.setdefault(event.epoch, set()).add(round(event.learning_rate / 0.01, 12))
    expected = [PLATEAU["schedule"].after(solver.history[: epoch - 1]) for epoch in rates]
    assert [rates[epoch] for epoch in rates] == [{round(each, 12)} for each in expected]
    assert expected[-1] < 1
    told = [round(event.learning_rate / 0.01, 12) for event in events if isinstance(event, EpochDone)]
    assert told[1:] == [each for (each,) in rates.values()]


def test_stop_ends_after_the_step_in_flight_with_a_whole_state() -> None:
    solver, whole = tiny.solver(), tiny.solver()
    events = []
    for event in solver.events():
        events.append(event)
        if event.step == 5:
            solver.stop()
    assert events[-1] == Interrupted(step=5, epoch=2)
    resumed = tiny.solver()
    resumed.restore(*solver.state())
    run(resumed)
    run(whole)
    assert same_state(resumed, whole)


def test_an_epoch_gone_on_with_is_timed_as_a_whole() -> None:
    first, second = tiny.solver(), tiny.solver()
    took = [event.seconds for event in itertools.islice(first.events(), 3) if isinstance(event, StepDone)]
    second.restore(*first.state())  # after the last step of an epoch, before it is scored
    done = next(second.events())
    assert isinstance(done, EpochDone)
    assert done.seconds == pytest.approx(sum(took))
    assert done.images_per_second == pytest.approx(tiny.IMAGES / sum(took))


def test_a_state_that_does_not_time_its_epoch_is_read_as_one_that_begins() -> None:
    first, second = tiny.solver(), tiny.solver()
    next(first.events())
    arrays, info = first.state()
    second.restore(arrays, {name: value for name, value in info.items() if name not in LATER})
    assert second.step == 1
    assert second.state()[1]["epoch_images"] == 0


def test_stop_while_statistics_are_computed_anew_leaves_them_to_the_resumed_run() -> None:
    first, whole = tiny.solver(**SWA), tiny.solver(**SWA)
    first.scoring = lambda scoring: first.stop() if first.step == 9 and scoring.done else None
    events = run(first)
    assert events[-1] == Interrupted(step=9, epoch=4)
    assert len(first.history) == 2
    second = tiny.solver(**SWA)
    second.restore(*first.state())
    run(second)
    run(whole)
    assert same_state(second, whole)


def test_stop_during_an_evaluation_leaves_it_to_the_resumed_run() -> None:
    solver, whole = tiny.solver(average=Ema(decay=0.9)), tiny.solver(average=Ema(decay=0.9))
    sample = solver.train_sample

    def stopping(network: Any, stopped: Any, seen: Any) -> Any:
        solver.stop()
        return sample(network, stopped, seen)

    solver.train_sample = stopping  # type: ignore[assignment]
    events = run(solver)
    assert events[-1] == Interrupted(step=3, epoch=2)
    assert not solver.history
    resumed = tiny.solver(average=Ema(decay=0.9))
    resumed.restore(*solver.state())
    assert isinstance(run(resumed)[0], EpochDone)
    run(whole)
    assert same_state(resumed, whole)


def test_the_scoring_of_images_is_told_batch_by_batch_and_changes_nothing() -> None:
    solver, unwatched = tiny.solver(epochs=1), tiny.solver(epochs=1)
    told: list[Scoring] = []
    solver.scoring = told.append
    run(solver)
    run(unwatched)
    assert same_state(solver, unwatched)
    assert told == [
        *(Scoring("training", done, 40) for done in (16, 32, 40)),
        *(Scoring("validation", done, 24) for done in (10, 20, 24)),
    ]


def test_nan_after_the_very_last_step_is_noticed_too() -> None:
    solver = tiny.solver(epochs=1)
    take = solver._take_step

    def spoil(X: Any, y: Any) -> Any:
        result = take(X, y)
        if solver.step == solver.steps:
            solver.network.params.vector[:] = np.nan
        return result

    solver._take_step = spoil  # type: ignore[method-assign]
    with pytest.raises(TrainingError, match=r"the loss on training images is nan after step 3 \(epoch 1\)"):
        run(solver)


def test_best_is_the_first_epoch_with_the_highest_validation_accuracy() -> None:
    solver = tiny.solver(epochs=8)
    epochs = [event for event in run(solver) if isinstance(event, EpochDone)]
    accuracies = [epoch.validation_accuracy or 0.0 for epoch in epochs]
    assert solver.best is not None
    assert solver.best.epoch == 1 + int(np.argmax(accuracies))
    assert [epoch.is_best for epoch in epochs] == [a > max([-1.0, *accuracies[:i]]) for i, a in enumerate(accuracies)]


def test_without_validation_images_the_last_epoch_is_best() -> None:
    solver = tiny.solver(epochs=2, validation=None)
    run(solver)
    assert solver.best is not None
    assert (solver.best.epoch, solver.best.validation_accuracy) == (2, None)


def test_evaluation_uses_the_averages_and_leaves_training_alone() -> None:
    averaged, plain = tiny.solver(average=Ema(decay=0.9)), tiny.solver()
    run(averaged)
    run(plain)
    for name, value in plain.network.params.items():
        np.testing.assert_array_equal(averaged.network.params[name], value)
    weights = averaged.weights()
    kept = averaged.learner.averaged
    assert kept is not None
    np.testing.assert_array_equal(weights["params/affine1.w"], kept.params["affine1.w"])
    np.testing.assert_array_equal(weights["buffers/bn1.running_mean"], kept.buffers["bn1.running_mean"])
    assert not np.array_equal(weights["params/affine1.w"], plain.network.params["affine1.w"])


def test_a_state_of_another_network_or_data_is_refused_and_changes_nothing() -> None:
    arrays, info = tiny.solver().state()
    other = tiny.solver(optimizer=SgdMomentum())
    before = other.network.params.vector.copy()
    with pytest.raises(CheckpointError, match=r"no optimizer_velocity/affine1\.w"):
        other.restore(arrays, info)
    with pytest.raises(CheckpointError, match="steps in an epoch"):
        tiny.solver().restore(arrays, info | {"steps_per_epoch": 4})
    with pytest.raises(CheckpointError, match="format 2"):
        tiny.solver().restore(arrays, info | {"format": 2})
    wide = tiny.solver(network=tiny.network(dtype="float64"))
    with pytest.raises(CheckpointError, match=r"float32 \(48, 16\) in the saved state, but float64"):
        wide.restore(arrays, info)
    np.testing.assert_array_equal(other.network.params.vector, before)
