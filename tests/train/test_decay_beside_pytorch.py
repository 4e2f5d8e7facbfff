"""Decay beside PyTorch: `l2` and `weight_decay` against the formulas of its SGD, Adam and AdamW."""

import importlib.util
from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
import pytest

from nndl.net.params import Params, Slot
from nndl.net.types import Array
from nndl.train.optimizers import Adam, AdamW, Rule, Sgd, SgdMomentum, SgdNesterovMomentum, SgdPytorch
from nndl.train.updater import Group, Updater

STEPS, RATE, DECAY, MOMENTUM = 6, 0.05, 0.01, 0.9
START = np.random.default_rng(0).standard_normal(40)
GRADIENTS = np.random.default_rng(1).standard_normal((STEPS, 40))


def torch_sgd(momentum: float, nesterov: bool) -> Array:
    """torch.optim.SGD as its documentation writes it: weight_decay is added to the gradient."""
    p, b = START.copy(), np.zeros(40)
    for t, dw in enumerate(GRADIENTS):
        g = dw + DECAY * p
        b = g if t == 0 else momentum * b + g
        p = p - RATE * ((g + momentum * b if nesterov else b) if momentum else g)
    return p


def torch_adam(decoupled: bool) -> Array:
    """torch.optim.Adam (weight_decay in the gradient) and AdamW (outside it)."""
    p, m, v = START.copy(), np.zeros(40), np.zeros(40)
    for t, dw in enumerate(GRADIENTS, start=1):
        p = p * (1 - RATE * DECAY) if decoupled else p
        g = dw if decoupled else dw + DECAY * p
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        p = p - RATE / (1 - 0.9**t) * m / (np.sqrt(v) / sqrt(1 - 0.999**t) + 1e-8)
    return p


def ours(rule: Rule, *, l2: float = 0.0, weight_decay: float = 0.0) -> Array:
    """Train as a config with these values does."""
    w = Params({"affine1.w": Slot((40,), (0,))}, np.dtype("float64"))
    w["affine1.w"] = START
    updater, gradients = Updater(rule, w, weight_decay=weight_decay, decayed=("affine1.w",)), w.like()
    for dw in GRADIENTS:
        gradients["affine1.w"] = dw + l2 * w["affine1.w"]  # as Network.add_l2 does
        updater.update(gradients)
    return w["affine1.w"]


SAME: dict[str, tuple[Array, Array]] = {
    "SGD": (torch_sgd(0, False), ours(Sgd(learning_rate=RATE), l2=DECAY)),
    "SGD, momentum": (torch_sgd(MOMENTUM, False), ours(SgdMomentum(learning_rate=RATE, momentum=MOMENTUM), l2=DECAY)),
    "SGD, Nesterov": (
        torch_sgd(MOMENTUM, True),
        ours(SgdNesterovMomentum(learning_rate=RATE, momentum=MOMENTUM), l2=DECAY),
    ),
    "Adam": (torch_adam(False), ours(Adam(learning_rate=RATE), l2=DECAY)),
    "AdamW": (torch_adam(True), ours(AdamW(learning_rate=RATE, weight_decay=DECAY))),
    "AdamW, as adam with train.weight_decay": (torch_adam(True), ours(Adam(learning_rate=RATE), weight_decay=DECAY)),
}


@pytest.mark.parametrize("name", SAME)
def test_pytorchs_weight_decay_is_l2_in_sgd_and_adam_and_weight_decay_in_adamw(name: str) -> None:
    theirs, own = SAME[name]
    np.testing.assert_allclose(own, theirs, rtol=1e-12, atol=1e-14)


def test_with_momentum_weight_decay_is_not_that_of_sgd() -> None:
    own = ours(SgdNesterovMomentum(learning_rate=RATE, momentum=MOMENTUM), weight_decay=DECAY)
    assert np.abs(own - torch_sgd(MOMENTUM, True)).max() > 1e-3


@pytest.mark.parametrize("momentum", [0.5, 0.9])
def test_in_the_long_run_sgds_decay_is_weight_decay_divided_by_what_momentum_leaves(momentum: float) -> None:
    def left(**decay: float) -> float:
        """Return what is left of a weight without gradients after 2,000 steps, as a power of e."""
        w = Params({"affine1.w": Slot((1,), (0,))}, np.dtype("float64"))
        w["affine1.w"] = np.ones(1)
        rule = SgdNesterovMomentum(learning_rate=RATE / 10, momentum=momentum)
        updater = Updater(rule, w, weight_decay=decay.get("weight_decay", 0.0), decayed=("affine1.w",))
        gradients = w.like()
        for _ in range(2000):
            gradients["affine1.w"] = decay.get("l2", 0.0) * w["affine1.w"]
            updater.update(gradients)
        return float(np.log(w["affine1.w"][0]))

    coupled, decoupled = left(l2=DECAY), left(weight_decay=DECAY / (1 - momentum))
    assert coupled == pytest.approx(decoupled, rel=0.02)
    assert left(weight_decay=DECAY) == pytest.approx(decoupled * (1 - momentum), rel=0.02)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
@pytest.mark.parametrize(
    ("make", "formula"),
    [
        (lambda torch, p: torch.optim.SGD(p, RATE, weight_decay=DECAY), lambda: torch_sgd(0, False)),
        (lambda torch, p: torch.optim.SGD(p, RATE, MOMENTUM, 0, DECAY, True), lambda: torch_sgd(MOMENTUM, True)),
        (lambda torch, p: torch.optim.Adam(p, RATE, weight_decay=DECAY), lambda: torch_adam(False)),
        (lambda torch, p: torch.optim.AdamW(p, RATE, weight_decay=DECAY), lambda: torch_adam(True)),
    ],
    ids=["SGD", "SGD, Nesterov", "Adam", "AdamW"],
)
def test_the_formulas_are_pytorchs(make: Callable[[Any, Any], Any], formula: Callable[[], Array]) -> None:
    torch = pytest.importorskip("torch")
    p = torch.nn.Parameter(torch.tensor(START))
    rule = make(torch, [p])
    for dw in GRADIENTS:
        p.grad = torch.tensor(dw)
        rule.step()
    np.testing.assert_allclose(p.detach().numpy(), formula(), rtol=1e-12, atol=1e-14)


OPTIONS = {
    "plain": {},
    "decay": {"weight_decay": DECAY},
    "momentum": {"momentum": MOMENTUM, "weight_decay": DECAY},
    "dampening": {"momentum": MOMENTUM, "dampening": 0.3, "weight_decay": DECAY},
    "nesterov": {"momentum": MOMENTUM, "nesterov": True, "weight_decay": DECAY},
}


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
@pytest.mark.parametrize("options", OPTIONS.values(), ids=list(OPTIONS))
def test_sgd_pytorch_is_pytorchs_with_a_learning_rate_that_changes_and_a_group_without_decay(
    options: dict[str, Any],
) -> None:
    torch = pytest.importorskip("torch")
    w, multipliers = Params({name: Slot((40,), (0,)) for name in ("conv1.w", "conv1.b")}, np.dtype("float64")), (1, 0.3)
    theirs = {name: torch.nn.Parameter(torch.tensor(START + len(name))) for name in w}
    for name in w:
        w[name] = theirs[name].detach().numpy()
    groups = [{"params": [theirs["conv1.w"]]}, {"params": [theirs["conv1.b"]], "weight_decay": 0.5 * DECAY}]
    rule = torch.optim.SGD(groups if "weight_decay" in options else theirs.values(), RATE, **options)
    schedule = torch.optim.lr_scheduler.LambdaLR(rule, lambda step: multipliers[step % 2])
    updater = Updater(
        SgdPytorch(learning_rate=RATE, **options), w, groups=(Group(match="*.b", weight_decay=0.5),), decayed=()
    )
    gradients = w.like()
    for step, dw in enumerate(GRADIENTS):
        for place, name in enumerate(w):
            gradients[name], theirs[name].grad = dw * (1 + place), torch.tensor(dw * (1 + place))
        updater.update(gradients, multipliers[step % 2])
        rule.step()
        schedule.step()
    for name in w:
        np.testing.assert_allclose(w[name], theirs[name].detach().numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("options", [{"momentum": MOMENTUM}, {"momentum": MOMENTUM, "nesterov": True}])
def test_sgd_pytorch_is_the_other_momenta_with_l2_while_the_learning_rate_stays(options: dict[str, Any]) -> None:
    other = SgdNesterovMomentum if "nesterov" in options else SgdMomentum
    own = ours(SgdPytorch(learning_rate=RATE, weight_decay=DECAY, **options))
    np.testing.assert_allclose(own, ours(other(learning_rate=RATE, momentum=MOMENTUM), l2=DECAY), rtol=1e-12)


def test_sgd_pytorch_adds_its_decay_after_clipping_and_leaves_the_gradient_as_it_is() -> None:
    w = Params({"bn1.gamma": Slot((3,), (0,))}, np.dtype("float64"))
    w["bn1.gamma"], gradients = np.ones(3), w.like()
    gradients["bn1.gamma"] = np.full(3, 0.25)
    Updater(SgdPytorch(learning_rate=1.0, weight_decay=0.5), w).update(gradients)
    assert w["bn1.gamma"].tolist() == [0.25] * 3
    assert gradients["bn1.gamma"].tolist() == [0.25] * 3
