"""One training update is clipping, the update rule and averaging, in this order, whoever asks for it."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from nndl.engines import get_engine
from nndl.net.catalog import Affine, Conv
from nndl.net.contract import Engine
from nndl.net.network import Network
from nndl.net.types import Array
from nndl.train.events import StepDone
from nndl.train.learner import Learner
from nndl.train.optimizers import Adam, AdamW, Muon, Sgd, SgdMomentum
from nndl.train.solver import Solver
from nndl.train.transforms import Ema
from nndl.train.updater import Group, Updater
from tests.train import tiny


def test_the_gradients_are_clipped_before_the_rule_and_the_average_taken_after_it() -> None:
    network = tiny.network()
    learner = Learner(network, SgdMomentum(learning_rate=0.5), clip_norm=1.0, average=Ema(decay=0.5))
    before = {name: value.copy() for name, value in network.params.items()}
    gradients = network.params.like()
    for name in gradients:
        gradients[name] = np.full_like(gradients[name], 3.0)
    clipped = 1.0 / np.sqrt(sum(value.size for value in before.values()))
    squares = learner.update(gradients, 0.1, step=1, steps=10)
    assert squares == pytest.approx(
        sum((value.astype(float) ** 2).sum() for value in network.params.values()), rel=1e-5
    )
    assert learner.averaged is not None
    share = 1 - 2 / 11  # of the weights after step 1: the decay begins small
    for name, value in before.items():
        step = np.full_like(value, -0.05 * clipped)
        np.testing.assert_allclose(learner.updater.memory["velocity"][name], step, rtol=1e-5)
        np.testing.assert_allclose(network.params[name], value + step, rtol=1e-5)
        np.testing.assert_allclose(learner.averaged.params[name], value + share * step, rtol=1e-5)


def test_what_a_group_freezes_has_no_gradients_and_stays() -> None:
    network = tiny.network()
    learner = Learner(network, Sgd(), groups=(Group(match="affine1.*", freeze_after=2),))
    learner.freeze(1)
    assert network.frozen == frozenset()
    learner.freeze(2)
    assert network.frozen == {"affine1.w", "affine1.b"}
    before = network.params["affine1.w"].copy()
    gradients = network.params.like()
    gradients.vector[:] = 1.0
    learner.update(gradients, 1.0, step=1, steps=2)
    np.testing.assert_array_equal(network.params["affine1.w"], before)


@pytest.mark.parametrize(
    ("rule", "names"), [(Sgd(), []), (Muon(), ["velocity"]), (Adam(), ["v", "a"]), (AdamW(), ["v", "a"])]
)
def test_a_state_holds_what_the_rule_remembers_and_the_averages(rule: Sgd, names: list[str]) -> None:
    kept = [f"optimizer_{name}" for name in names]
    assert list(Learner(tiny.network(), rule).stores()) == kept
    averaged = Learner(tiny.network(), rule, average=Ema()).stores()
    assert list(averaged) == [*kept, "average_params", "average_buffers"]


def test_a_rule_with_a_weight_decay_of_its_own_says_so() -> None:
    assert [rule.own_weight_decay for rule in (Sgd(), Muon(), Adam(), AdamW(weight_decay=0.3))] == [None] * 3 + [0.3]


def frozen_in(solver: Solver) -> list[bool]:
    """Train to the end; tell of each step whether affine1.w stayed as it was."""
    stayed, before = [], solver.network.params["affine1.w"].copy()
    for event in solver.events():
        if isinstance(event, StepDone):
            now = solver.network.params["affine1.w"].copy()
            stayed.append(bool((now == before).all()))
            before = now
    return stayed


@pytest.mark.parametrize(
    ("group", "trained"),
    [
        (Group(match="affine1.*", freeze_after=2), 6),
        (Group(match="affine1.*", freeze_after=1.3), 4),  # 1.3 epochs of 3 steps: after the 4th, step 5 begins at 4/3
        (Group(match="affine1.*", freeze_last=0.25), 9),
        (Group(match="affine1.*", freeze_last=0.5, freeze_after=3), 6),
        (Group(match="affine1.*", learning_rate=0.0), 0),
        (Group(match="affine1.*"), 12),
    ],
)
def test_a_group_is_frozen_from_an_epoch_or_for_the_last_part_of_training(group: Group, trained: int) -> None:
    solver = tiny.solver(groups=(group,))
    assert solver.steps == 12
    assert frozen_in(solver) == [False] * trained + [True] * (12 - trained)
    assert solver.network.frozen == ({"affine1.w", "affine1.b"} if trained < 12 else set())


@pytest.mark.parametrize("stop", [3, 4, 5, 7])
def test_a_training_broken_off_beside_a_freezing_within_an_epoch_goes_on_to_the_same_bits(stop: int) -> None:
    groups = (
        Group(match="affine1.w", freeze_after=1.3),
        Group(match="bn1.*", freeze_last=0.5),
        Group(match="affine2.b", freeze_after=3, falling=True),
    )
    straight, first, second = (tiny.solver(groups=groups) for _ in range(3))
    list(straight.events())
    for event in first.events():
        if event.step >= stop:
            first.stop()
    second.restore(*first.state())
    list(second.events())
    for store, other in zip(straight._stores().values(), second._stores().values(), strict=True):
        assert store.vector.tobytes() == other.vector.tobytes()


def test_a_falling_factor_falls_in_a_straight_line_to_the_freezing() -> None:
    network = tiny.network()
    learner = Learner(network, Sgd(learning_rate=1.0), groups=(Group(match="affine1.b", freeze_after=2, falling=True),))
    gradients = network.params.like()
    gradients["affine1.b"], gradients["affine2.b"] = np.ones(16), np.ones(4)
    moved = []
    for step in range(1, 13):  # three in an epoch
        if step % 3 == 1:
            learner.freeze((step - 1) / 3, 4)
        before = network.params["affine1.b"][0], network.params["affine2.b"][0]
        learner.update(gradients, 1.0, step, 12)
        moved.append((before[0] - network.params["affine1.b"][0], before[1] - network.params["affine2.b"][0]))
    np.testing.assert_allclose([own for own, _ in moved], [1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, *[0] * 6], atol=1e-6)
    np.testing.assert_allclose([other for _, other in moved], 1, rtol=1e-6)


def test_falling_to_no_end_is_refused() -> None:
    with pytest.raises(ValueError, match="falling needs a freeze_after"):
        Group(match="*", falling=True)


def test_muons_filters_go_the_largest_first_to_whichever_thread_is_free() -> None:
    network = Network(
        (Conv(filters=4), Conv(filters=16), Conv(filters=8), Affine(out_features=3)),
        (3, 6, 6),
        get_engine("vectorized"),
    )
    gradients = network.params.like()
    gradients.vector[:] = np.random.default_rng(0).standard_normal(gradients.vector.size)
    taken: list[list[str]] = []

    def first_slice_does_all(count: int, work: Callable[[int, int, int], None]) -> None:
        for i in range(count):
            taken.append([])
            work(i, i + 1, i)

    class Watched(Muon):
        def update_filters(self, w: Array, dw: Array, memory: Sequence[Array], learning_rate: float) -> None:
            taken[-1].append(f"{w.shape[0]} of {w.shape[1]}")
            super().update_filters(w, dw, memory, learning_rate)

    Updater(Watched(), network.params, engine=Engine("slices", share=first_slice_does_all)).update(gradients)
    assert [some for some in taken if some] == [["8 of 16", "16 of 4", "4 of 3"]]
