"""The update rules with CS231n's keys: rmsprop keeps `cache`, adam `m` and `v`; the rules are nndl.optim's."""

from collections.abc import Callable
from typing import Any

from nndl import optim
from nndl.optim import Array, Config, sgd, sgd_momentum, sgd_nesterov_momentum

__all__ = ["adam", "adamw", "rmsprop", "sgd", "sgd_momentum", "sgd_nesterov_momentum"]

Rule = Callable[[Array, Array, Config | None], tuple[Array, Config]]


def rmsprop(w: Array, dw: Array, config: Config | None = None) -> tuple[Array, Config]:
    """nndl.optim.rmsprop.  config: learning_rate, decay_rate, epsilon, cache."""
    return _with_keys(optim.rmsprop, {"cache": "a"}, w, dw, config)


def adam(w: Array, dw: Array, config: Config | None = None) -> tuple[Array, Config]:
    """nndl.optim.adam.  config: learning_rate, beta1, beta2, epsilon, m (first moment), v (second moment), t."""
    return _with_keys(optim.adam, {"m": "v", "v": "a"}, w, dw, config)


def adamw(w: Array, dw: Array, config: Config | None = None) -> tuple[Array, Config]:
    """nndl.optim.adamw.  config: as for adam, and weight_decay."""
    return _with_keys(optim.adamw, {"m": "v", "v": "a"}, w, dw, config)


def _with_keys(rule: Rule, keys: dict[str, str], w: Array, dw: Array, config: Any) -> tuple[Array, Config]:
    """Call a rule of nndl.optim on a config whose keys have other names, and write its state back under those."""
    config = {} if config is None else config
    next_w, state = rule(w, dw, {keys.get(key, key): value for key, value in config.items()})
    names = {ours: theirs for theirs, ours in keys.items()}
    config.update({names.get(key, key): value for key, value in state.items()})
    return next_w, config
