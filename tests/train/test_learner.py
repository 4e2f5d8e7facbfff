"""One training update is clipping, the update rule and averaging, in this order, whoever asks for it."""

import numpy as np
import pytest

from nndl.train.learner import Learner
from nndl.train.optimizers import Adam, AdamW, Muon, Sgd, SgdMomentum
from nndl.train.transforms import Ema
from nndl.train.updater import Group
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
