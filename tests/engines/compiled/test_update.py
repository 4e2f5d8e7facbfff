"""The update in one pass has the bits of the rule's own passes: weights, what the rule remembers, at every size."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest

from nndl.engines.compiled.bindings import use
from nndl.engines.compiled.lower import COMPILED, COMPILED_BF16
from nndl.engines.shared.threads import set_threads
from nndl.net.params import Params, Slot
from nndl.train.optimizers import OPTIMIZERS, Adam, Rule
from nndl.train.updater import CHUNK_AT_ONCE, NONE, TINY, Group, Updater
from tests.engines.compiled.variants import builds_and_threads, runnable

SHAPES: dict[str, tuple[int, ...]] = {
    "conv1.w": (5, 3, 3, 3),
    "conv1.b": (5,),
    "scale": (1,),
    "affine1.w": (CHUNK_AT_ONCE // 4 + 3, 9),
    "affine1.b": (9,),
}
GROUPS = (Group(match="*.b", learning_rate=7.0, weight_decay=0.5), Group(match="scale", learning_rate=0.0))
OTHERWISE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sgd_pytorch", {"momentum": 0.9, "weight_decay": 0.1, "dampening": 0.3}),
    ("sgd_pytorch", {"momentum": 0.9, "weight_decay": 0.1, "nesterov": True}),
    ("sgd_pytorch", {"momentum": 1e-46, "dampening": 0.5}),
    ("muon", {"other_momentum": 0.0}),
)
RULES = [*((name, {}) for name in OPTIMIZERS), *OTHERWISE]
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-41, -1e-41, 3e38, -3e38, 1e-20], np.float32)


def random_params(seed: int) -> Params:
    axes = {name: tuple(range(len(shape))) for name, shape in SHAPES.items()} | {"conv1.w": (2, 3, 1, 0)}
    made = Params({name: Slot(shape, axes[name]) for name, shape in SHAPES.items()}, np.dtype("float32"))
    random = np.random.default_rng(seed)
    for name, shape in SHAPES.items():
        made[name] = random.standard_normal(shape)
    return made


def both(rule: Rule, **more: Any) -> tuple[Updater, Updater, Params, Params]:
    theirs, ours = random_params(0), random_params(0)
    return Updater(rule, theirs, **more), Updater(rule, ours, engine=COMPILED, **more), theirs, ours


def assert_equal_bits(theirs: Updater, ours: Updater, w: Params, v: Params) -> None:
    for a, b in ((w, v), *((theirs.memory[name], ours.memory[name]) for name in theirs.memory)):
        assert not np.isnan(a.vector).all()
        apart = np.isnan(a.vector) != np.isnan(b.vector)
        apart |= (a.vector.view(np.int32) != b.vector.view(np.int32)) & ~np.isnan(a.vector)  # there are many NaNs
        assert not apart.any(), np.flatnonzero(apart)[:5]


@pytest.mark.parametrize(("build", "threads"), builds_and_threads())
@pytest.mark.parametrize(("name", "options"), RULES)
def test_bits_are_those_of_the_rule(name: str, options: dict[str, Any], build: str, threads: int) -> None:
    use(build)
    set_threads(threads)
    own = {} if "weight_decay" in options else {"weight_decay": 0.03}
    theirs, ours, w, v = both(OPTIMIZERS[name](**options), decayed=("conv1.w", "affine1.w"), groups=GROUPS, **own)
    for step in range(4):
        dw = random_params(step + 1)
        squares = [each.update(dw, 0.7) for each in (theirs, ours)]
        np.testing.assert_allclose(*squares, rtol=1e-6)
    assert_equal_bits(theirs, ours, w, v)


@pytest.mark.parametrize("build", runnable())
@pytest.mark.parametrize(("name", "options"), RULES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy tells of numbers that are none
def test_numbers_that_are_none_are_the_same(name: str, options: dict[str, Any], build: str) -> None:
    use(build)
    theirs, ours, w, v = both(OPTIMIZERS[name](**options))
    pairs = np.array(list(product(SPECIAL, SPECIAL)), np.float32)
    place = w.slices["affine1.w"].start
    for each in (w, v):
        each.vector[place : place + len(pairs)] = pairs[:, 0]
    dw = random_params(1)
    dw.vector[place : place + len(pairs)] = pairs[:, 1]
    for _ in range(2):
        squares = [each.update(dw, 0.7) for each in (theirs, ours)]
        assert not np.isfinite(squares).any()
    assert_equal_bits(theirs, ours, w, v)


@pytest.mark.parametrize("own", [(slice(3, 40), slice(200, 5000)), (slice(0, 1),), ()])
def test_only_its_own_places_are_changed(own: Sequence[slice]) -> None:
    theirs, ours, w, v = both(OPTIMIZERS["adam"]())
    for each in (theirs, ours):
        each.update(random_params(1), own=own)
    assert_equal_bits(theirs, ours, w, v)
    changed = np.zeros(w.vector.size, bool)
    for place in own:
        changed[place] = True
    np.testing.assert_array_equal(v.vector[~changed], random_params(0).vector[~changed])


@pytest.mark.parametrize("name", ["mine", "adam"])  # the second as it is inherited, where nobody gives another
def test_every_rule_of_nndl_has_a_pass_and_one_of_your_own_has_none(name: str) -> None:
    class Mine(Adam):
        kind = name
        memory = ()

        def update(self, w: Any, *rest: Any) -> None:
            del rest
            w += 1

    assert {*COMPILED.updates} == {*COMPILED_BF16.updates} == {*OPTIMIZERS}
    assert not NONE.updates
    w = random_params(0)
    Updater(Mine(), w, engine=COMPILED).update(random_params(1))
    np.testing.assert_array_equal(w["scale"], random_params(0)["scale"] + 1)


def test_a_tail_of_no_numbers_is_no_part_of_the_sum() -> None:
    w = Params({"w": Slot((TINY + 3,), (0,))}, np.dtype("float32"))
    w["w"] = dw = np.ones(TINY + 3, np.float32)
    gradients = w.like()
    gradients["w"] = dw
    squares = Updater(OPTIMIZERS["adam"](epsilon=1e-46), w, engine=COMPILED).update(gradients)
    np.testing.assert_allclose(squares, (w["w"].astype(float) ** 2).sum(), rtol=1e-6)


def test_gradients_of_another_length_are_refused() -> None:
    w, dw = (Params({"w": Slot((TINY + more,), (0,))}, np.dtype("float32")) for more in (16, 0))
    with pytest.raises(ValueError, match="4112 parameters have as many gradients, not 4096"):
        Updater(OPTIMIZERS["sgd"](), w, engine=COMPILED).update(dw)


def test_float64_takes_the_rules_own_passes() -> None:
    w = Params({"w": Slot((7,), (0,))}, np.dtype("float64"))
    dw = w.like()
    dw["w"] = np.arange(7) / 3
    Updater(OPTIMIZERS["sgd"](learning_rate=0.1), w, engine=COMPILED).update(dw)
    np.testing.assert_array_equal(w["w"], -(dw["w"] * 0.1))
