"""CS231n's keys on the same rules, with the figures of assignment 2, FullyConnectedNets.ipynb."""

from typing import Any

import numpy as np

import cs231n.optim
from nndl import optim
from nndl.check.gradients import relative_error


def ramp(start: float, stop: float) -> Any:
    return np.linspace(start, stop, num=20).reshape(4, 5)


def test_rmsprop_keeps_its_cache() -> None:
    config = {"learning_rate": 1e-2, "cache": ramp(0.6, 0.9)}
    next_w, returned = cs231n.optim.rmsprop(ramp(-0.4, 0.6), ramp(-0.6, 0.4), config)
    assert returned is config
    assert set(config) == {"learning_rate", "decay_rate", "epsilon", "cache"}
    assert relative_error(next_w[0], [-0.39223849, -0.34037513, -0.28849239, -0.23659121, -0.18467247]) < 2e-7
    assert relative_error(config["cache"][0], [0.5976, 0.6126277, 0.6277108, 0.64284931, 0.65804321]) < 1e-8


def test_adam_keeps_m_and_v() -> None:
    config = {"learning_rate": 1e-2, "m": ramp(0.6, 0.9), "v": ramp(0.7, 0.5), "t": 5}
    next_w, _ = cs231n.optim.adam(ramp(-0.4, 0.6), ramp(-0.6, 0.4), config)
    assert set(config) == {"learning_rate", "beta1", "beta2", "epsilon", "m", "v", "t"}
    assert relative_error(next_w[0], [-0.40094747, -0.34836187, -0.29577703, -0.24319299, -0.19060977]) < 2e-7
    assert relative_error(config["m"][0], [0.48, 0.49947368, 0.51894737, 0.53842105, 0.55789474]) < 1e-8
    assert relative_error(config["v"][0], [0.69966, 0.68908382, 0.67851319, 0.66794809, 0.65738853]) < 1e-8


def test_steps_are_those_of_the_other_course() -> None:
    for name in ("rmsprop", "adam", "adamw"):
        ours = theirs = ramp(-1, 1)
        config, other = None, None
        for _ in range(3):
            ours, config = getattr(optim, name)(ours, ramp(-0.6, 0.4), config)
            theirs, other = getattr(cs231n.optim, name)(theirs, ramp(-0.6, 0.4), other)
        assert np.array_equal(ours, theirs)
