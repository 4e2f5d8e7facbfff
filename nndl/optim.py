"""The courses' update rules: rule(w, dw, config) -> (next_w, config).

w and dw are arrays of one shape; `config` holds the rule's settings and what it remembers from step to step. Settings
that are missing are filled in with the defaults named below, memory that is missing starts at zero, and the dictionary
passed in is the one written to and returned. w and dw are left as they are.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.layers import as_floats

Array = NDArray[Any]
Config = dict[str, Any]


def _filled_in(config: Config | None, **defaults: float) -> Config:
    """Return `config` itself (or a new one), with the defaults it lacks."""
    config = {} if config is None else config
    for name, value in defaults.items():
        config.setdefault(name, value)
    return config


def sgd(w: Array, dw: Array, config: Config | None = None) -> tuple[Array, Config]:
    """Stochastic gradient descent.  config: learning_rate [1e-2]."""
    w, dw = as_floats(w, "w"), as_floats(dw, "dw")
    config = _filled_in(config, learning_rate=1e-2)
    next_w = w - config["learning_rate"] * dw
    return next_w, config


def sgd_momentum(w: Array, dw: Array, config: Config | None = None) -> tuple[Array, Config]:
    """Momentum: the gradient pushes a velocity, and the velocity moves w.

    config: learning_rate [1e-2], momentum [0.9], velocity.
    """
    w, dw = as_floats(w, "w"), as_floats(dw, "dw")
    config = _filled_in(config, learning_rate=1e-2, momentum=0.9)
    v = config["momentum"] * config.get("velocity", np.zeros_like(w)) - config["learning_rate"] * dw
    config["velocity"] = v
    return w + v, config


def sgd_nesterov_momentum(w: Array, dw: Array, config: Config | None = None) -> tuple[Array, Config]:
    """Nesterov momentum, written so that w is the point looked ahead to and dw its gradient.

    config: learning_rate [1e-2], momentum [0.9], velocity.
    """
    w, dw = as_floats(w, "w"), as_floats(dw, "dw")
    config = _filled_in(config, learning_rate=1e-2, momentum=0.9)
    v_old = config.get("velocity", np.zeros_like(w))
    v = config["momentum"] * v_old - config["learning_rate"] * dw
    config["velocity"] = v
    return w + v + config["momentum"] * (v - v_old), config


def rmsprop(w: Array, dw: Array, config: Config | None = None) -> tuple[Array, Config]:
    """RMSProp (Tieleman and Hinton 2012): each weight's step is divided by the root of its mean squared gradient.

    config: learning_rate [1e-2], decay_rate [0.99], epsilon [1e-8], a (the running mean of dw ** 2).
    """
    w, dw = as_floats(w, "w"), as_floats(dw, "dw")
    config = _filled_in(config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    a = config["decay_rate"] * config.get("a", np.zeros_like(w)) + (1 - config["decay_rate"]) * dw**2
    config["a"] = a
    next_w = w - config["learning_rate"] * dw / (np.sqrt(a) + config["epsilon"])
    return next_w, config


def adam(w: Array, dw: Array, config: Config | None = None) -> tuple[Array, Config]:
    """Adam (Kingma and Ba 2015): running means of dw and of dw ** 2, both corrected for having started at zero.

    config: learning_rate [1e-3], beta1 [0.9], beta2 [0.999], epsilon [1e-8], v (first moment), a (second moment),
    t (steps taken; counted up before it is used).
    """
    w, dw = as_floats(w, "w"), as_floats(dw, "dw")
    config = _filled_in(config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0)
    beta1, beta2 = config["beta1"], config["beta2"]
    config["t"] += 1
    v = beta1 * config.get("v", np.zeros_like(w)) + (1 - beta1) * dw
    a = beta2 * config.get("a", np.zeros_like(w)) + (1 - beta2) * dw**2
    config["v"], config["a"] = v, a
    v_corrected = v / (1 - beta1 ** config["t"])
    a_corrected = a / (1 - beta2 ** config["t"])
    next_w = w - config["learning_rate"] * v_corrected / (np.sqrt(a_corrected) + config["epsilon"])
    return next_w, config


def adamw(w: Array, dw: Array, config: Config | None = None) -> tuple[Array, Config]:
    """Adam with weight decay outside the gradient (Loshchilov and Hutter 2019).

    config: as for adam, and weight_decay [1e-2]: each step also takes learning_rate * weight_decay * w off w.
    """
    config = _filled_in(config, learning_rate=1e-3, weight_decay=1e-2)
    next_w, config = adam(w, dw, config)
    return next_w - config["learning_rate"] * config["weight_decay"] * w, config


def sgd_pytorch(w: Array, dw: Array, config: Config | None = None) -> tuple[Array, Config]:
    """PyTorch's SGD: decay is part of the gradient, and the velocity holds gradients, not steps.

    config: learning_rate [1e-3], momentum [0], dampening [0], nesterov [False], weight_decay [0], velocity. The first
    gradient enters the velocity whole, later ones less their share `dampening`; without momentum there is no velocity.
    """
    w, dw = as_floats(w, "w"), as_floats(dw, "dw")
    config = _filled_in(config, learning_rate=1e-3, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0)
    g = dw + config["weight_decay"] * w
    if "velocity" in config:
        velocity = config["momentum"] * config["velocity"] + (1 - config["dampening"]) * g
    else:
        velocity = g.copy()
    if config["momentum"]:
        config["velocity"] = velocity
        g = g + config["momentum"] * velocity if config["nesterov"] else velocity
    return w - config["learning_rate"] * g, config


def lion(w: Array, dw: Array, config: Config | None = None) -> tuple[Array, Config]:
    """Lion (Chen et al. 2023): every weight moves by the learning rate, in the direction of a running mean's sign.

    config: learning_rate [1e-4], beta1 [0.9], beta2 [0.99], weight_decay [0], v (the running mean of dw). The sign is
    that of beta1 * v + (1 - beta1) * dw with the v of the step before; each step also takes learning_rate *
    weight_decay * w off w.
    """
    w, dw = as_floats(w, "w"), as_floats(dw, "dw")
    config = _filled_in(config, learning_rate=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0)
    v = config.get("v", np.zeros_like(w))
    direction = np.sign(config["beta1"] * v + (1 - config["beta1"]) * dw)
    config["v"] = config["beta2"] * v + (1 - config["beta2"]) * dw
    return w - config["learning_rate"] * (direction + config["weight_decay"] * w), config


NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""a, b, c of X = aX + (bA + cA^2) X with A = XX': they bring singular values near 1 in a few rounds, none exactly."""


def orthogonalised(u: Array, rounds: int = 3) -> Array:
    """Return a matrix (M, N) of u's singular vectors, singular values near 1 (Jordan 2024, by Newton and Schulz)."""
    a, b, c = NEWTON_SCHULZ
    X = u / (np.linalg.norm(u) + 1e-7)
    if len(u) > u.shape[1]:
        return orthogonalised(u.T, rounds).T
    for _ in range(rounds):
        A = X @ X.T
        X = a * X + (b * A + c * (A @ A)) @ X
    return X


def muon(w: Array, dw: Array, config: Config | None = None) -> tuple[Array, Config]:
    """Muon (Jordan et al. 2024): filters move by a gradient whose directions all have the same size.

    Filters w (F, C, HH, WW) first are scaled to the norm sqrt(F); then, as a matrix (F, C HH WW), they take a step
    along the orthogonalised Nesterov momentum. All other arrays take the step of Nesterov momentum itself.

    config: learning_rate [0.24], momentum [0.6] for filters, other_momentum [0.85], rounds [3], velocity.
    """
    w, dw = as_floats(w, "w"), as_floats(dw, "dw")
    config = _filled_in(config, learning_rate=0.24, momentum=0.6, other_momentum=0.85, rounds=3)
    mu = config["momentum"] if w.ndim == 4 else config["other_momentum"]
    velocity = mu * config.get("velocity", np.zeros_like(w)) + dw
    config["velocity"] = velocity
    step = dw + mu * velocity
    if w.ndim != 4:
        return w - config["learning_rate"] * step, config
    scale = np.sqrt(len(w)) / (np.linalg.norm(w) + 1e-7)
    direction = orthogonalised(step.reshape(len(w), -1), int(config["rounds"])).reshape(w.shape)
    return w * scale - config["learning_rate"] * direction, config
