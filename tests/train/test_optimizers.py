"""The rules on the flat vector are the courses' rules, step after step."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from nndl import optim
from nndl.net.params import Params, Slot
from nndl.train.optimizers import OPTIMIZERS, Rule, Sgd
from nndl.train.transforms import CHUNK
from nndl.train.updater import Group, Updater, stretches

SHAPES = {"conv1.w": (3, 2, 3, 3), "conv1.b": (3,), "affine1.w": (CHUNK // 8 + 5, 17)}


def params(dtype: str = "float64") -> Params:
    axes = {"conv1.w": (2, 3, 1, 0), "conv1.b": (0,), "affine1.w": (0, 1)}  # one of them in an engine's order
    made = Params({name: Slot(shape, axes[name]) for name, shape in SHAPES.items()}, np.dtype(dtype))
    random = np.random.default_rng(0)
    for name, shape in SHAPES.items():
        made[name] = random.standard_normal(shape)
    return made


def gradients(like: Params, step: int) -> Params:
    made, random = like.like(), np.random.default_rng(step + 1)
    for name, shape in SHAPES.items():
        made[name] = random.standard_normal(shape)
    return made


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_updates_and_memory_equal_the_courses(name: str) -> None:
    rule: Rule = OPTIMIZERS[name](learning_rate=0.02)
    w = params()
    expected = {key: value.copy() for key, value in w.items()}
    configs: dict[str, dict[str, Any]] = {key: {"learning_rate": 0.02} for key in SHAPES}
    updater = Updater(rule, w, decayed=tuple(SHAPES))
    for step in range(5):
        dw = gradients(w, step)
        updater.update(dw)
        for key in SHAPES:
            expected[key], configs[key] = getattr(optim, name)(expected[key], dw[key], configs[key])
    for key in SHAPES:
        np.testing.assert_allclose(w[key], expected[key], rtol=1e-12, atol=1e-12)
        for kept in rule.memory:
            theirs = configs[key].get(kept, 0.0)  # sgd_pytorch has none without momentum
            np.testing.assert_allclose(updater.memory[kept][key], theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_defaults_are_the_courses(name: str) -> None:
    config: dict[str, Any] = {}
    getattr(optim, name)(np.zeros(2), np.ones(2), config)
    defaults = asdict(OPTIMIZERS[name]())
    assert {key: config[key] for key in defaults} == defaults


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_float32_stays_float32_and_the_gaps_stay_zero(name: str) -> None:
    w = params("float32")
    updater = Updater(OPTIMIZERS[name](), w, weight_decay=0.1, decayed=("conv1.w",))
    for step in range(3):
        updater.update(gradients(w, step), 0.5)
    assert {w.vector.dtype, *(kept.vector.dtype for kept in updater.memory.values())} == {np.dtype("float32")}
    gaps = np.ones(w.vector.size, bool)
    for place in w.slices.values():
        gaps[place] = False
    assert gaps.any()
    for vector in (w.vector, *(kept.vector for kept in updater.memory.values())):
        assert not vector[gaps].any()


def test_groups_and_the_schedule_multiply_the_learning_rate() -> None:
    w = params()
    before = {name: value.copy() for name, value in w.items()}
    dw = gradients(w, 0)
    groups = (Group(match="conv1.*", learning_rate=3.0), Group(match="*.b", learning_rate=0.0))
    Updater(Sgd(learning_rate=0.1), w, groups=groups).update(dw, 0.5)
    for name, rate in {"conv1.w": 0.15, "conv1.b": 0.0, "affine1.w": 0.05}.items():
        np.testing.assert_allclose(w[name], before[name] - rate * dw[name], rtol=1e-13)


def test_decay_is_decoupled_and_spares_what_is_not_a_weight() -> None:
    w = params()
    before = {name: value.copy() for name, value in w.items()}
    groups = (Group(match="affine*", weight_decay=2.0),)
    updater = Updater(Sgd(learning_rate=0.1), w, weight_decay=0.5, decayed=("conv1.w", "affine1.w"), groups=groups)
    updater.update(w.like())
    for name, kept in {"conv1.w": 0.95, "conv1.b": 1.0, "affine1.w": 0.9}.items():
        np.testing.assert_allclose(w[name], before[name] * kept, rtol=1e-15)


def test_without_groups_the_vector_is_one_stretch() -> None:
    assert len(stretches(params(), (), ())) == 1
    assert len(stretches(params(), (), (Group(match="*.b", learning_rate=2.0),))) == 3
