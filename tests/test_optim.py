"""The update rules give the figures printed in the courses' notebooks, and keep their promises about `config`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nndl import optim
from nndl.check.gradients import relative_error

Array = Any
RULES = (
    optim.sgd,
    optim.sgd_momentum,
    optim.sgd_nesterov_momentum,
    optim.sgd_pytorch,
    optim.rmsprop,
    optim.adam,
    optim.adamw,
    optim.lion,
)


def ramp(start: float, stop: float) -> Array:
    return np.linspace(start, stop, num=20).reshape(4, 5)


# The corners of the arrays that the notebooks give as expected: ECE C147 homework 4, Optimization.ipynb; CS231n
# assignment 2, FullyConnectedNets.ipynb. The rest of each lies between them.
EXPECTED: list[tuple[Callable[..., Any], dict[str, Any], dict[str, list[float]]]] = [
    (
        optim.sgd_momentum,
        {"learning_rate": 1e-3, "velocity": ramp(0.6, 0.9)},
        {
            "next_w": [0.1406, 0.20738947, 0.27417895, 0.34096842, 0.40775789, 1.4096],
            "velocity": [0.5406, 0.55475789, 0.56891579, 0.58307368, 0.59723158, 0.8096],
        },
    ),
    (
        optim.sgd_nesterov_momentum,
        {"learning_rate": 1e-3, "velocity": ramp(0.6, 0.9)},
        {
            "next_w": [0.08714, 0.15246105, 0.21778211, 0.28310316, 0.34842421, 1.32824],
            "velocity": [0.5406, 0.55475789, 0.56891579, 0.58307368, 0.59723158, 0.8096],
        },
    ),
    (
        optim.rmsprop,
        {"learning_rate": 1e-2, "a": ramp(0.6, 0.9)},
        {
            "next_w": [-0.39223849, -0.34037513, -0.28849239, -0.23659121, -0.18467247, 0.59576619],
            "a": [0.5976, 0.6126277, 0.6277108, 0.64284931, 0.65804321, 0.8926],
        },
    ),
    (
        optim.adam,
        {"learning_rate": 1e-2, "v": ramp(0.6, 0.9), "a": ramp(0.7, 0.5), "t": 5},
        {
            "next_w": [-0.40094747, -0.34836187, -0.29577703, -0.24319299, -0.19060977, 0.59801459],
            "a": [0.69966, 0.68908382, 0.67851319, 0.66794809, 0.65738853, 0.49966],
            "v": [0.48, 0.49947368, 0.51894737, 0.53842105, 0.55789474, 0.85],
        },
    ),
]


@pytest.mark.parametrize(("rule", "config", "expected"), EXPECTED, ids=lambda value: getattr(value, "__name__", ""))
def test_the_notebooks_figures(rule: Callable[..., Any], config: dict[str, Any], expected: dict[str, Any]) -> None:
    next_w, written = rule(ramp(-0.4, 0.6), ramp(-0.6, 0.4), dict(config))
    for name, values in expected.items():
        found = (next_w if name == "next_w" else written[name]).ravel()
        assert relative_error(found[[0, 1, 2, 3, 4, -1]], values) < 2e-7, name


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_state_goes_into_the_dict_passed_in_and_w_stays(rule: Callable[..., Any]) -> None:
    w, dw = ramp(-0.4, 0.6), ramp(-0.6, 0.4)
    config = {"learning_rate": 0.1}
    next_w, returned = rule(w, dw, config)
    assert returned is config
    assert np.array_equal(w, ramp(-0.4, 0.6))
    assert np.array_equal(dw, ramp(-0.6, 0.4))
    assert not np.shares_memory(w, next_w)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_float32_stays_float32(rule: Callable[..., Any]) -> None:
    w, config = ramp(-0.4, 0.6).astype(np.float32), None
    for _ in range(3):
        w, config = rule(w, ramp(-0.6, 0.4).astype(np.float32), config)
    assert w.dtype == np.float32
    assert all(value.dtype == np.float32 for value in config.values() if isinstance(value, np.ndarray))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_descends(rule: Callable[..., Any]) -> None:
    w, config = np.array([3.0, -2.0]), {"learning_rate": 0.05}
    for _ in range(200):
        w, config = rule(w, 2 * w, config)
    assert (np.abs(w) < 0.2).all()


def test_adam_counts_its_steps_before_using_them() -> None:
    """At t = 1 both corrections undo the averaging: the first step is learning_rate * sign(dw)."""
    w, dw = np.zeros(3), np.array([1e-3, -5.0, 200.0])
    next_w, config = optim.adam(w, dw, {"learning_rate": 0.1})
    assert config["t"] == 1
    np.testing.assert_allclose(next_w, -0.1 * np.sign(dw), rtol=1e-4)


def test_adamw_decays_outside_the_gradient() -> None:
    w = np.array([1.0, -2.0])
    next_w, _ = optim.adamw(w, np.zeros(2), {"learning_rate": 0.1, "weight_decay": 0.5})
    np.testing.assert_allclose(next_w, w * (1 - 0.1 * 0.5), rtol=1e-12)


def test_lion_follows_its_paper_by_hand() -> None:
    """Algorithm 2 of Chen et al. 2023: c = b1 m + (1 - b1) g, w -= lr (sign c + wd w), m = b2 m + (1 - b2) g."""
    w, v = np.array([1.0, -2.0, 0.5]), np.array([0.2, -0.5, 0.0])
    config = {"learning_rate": 0.1, "beta1": 0.5, "beta2": 0.8, "weight_decay": 0.5, "v": v}
    next_w, written = optim.lion(w, np.array([-0.1, 3.0, 0.0]), config)
    np.testing.assert_allclose(next_w, [1 - 0.1 * (1 + 0.5), -2 - 0.1 * (1 - 1), 0.5 - 0.1 * 0.25], rtol=1e-12)
    np.testing.assert_allclose(written["v"], [0.14, 0.2, 0.0], rtol=1e-12)


def test_sgd_pytorch_takes_the_first_gradient_whole_and_dampens_the_others() -> None:
    config = {"learning_rate": 0.5, "momentum": 0.9, "dampening": 0.25, "weight_decay": 0.5}
    w, config = optim.sgd_pytorch(np.array([2.0]), np.array([1.0]), config)
    assert (w[0], config["velocity"][0]) == (1.0, 2.0)
    w, config = optim.sgd_pytorch(w, np.array([1.0]), config)
    assert (w[0], config["velocity"][0]) == pytest.approx((1 - 0.5 * 2.925, 0.9 * 2 + 0.75 * 1.5))
