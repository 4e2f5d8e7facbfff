"""Update rules: several steps, state kept, nothing shared between parameters, nothing written into."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from nndl.check.exercises.exercise import Exercise, Key, Observed, Situation, Source, Step, call, draw
from nndl.check.running.executor import Ref

STEPS = 4
SETTINGS: dict[str, dict[str, float]] = {
    "sgd": {"learning_rate": 0.1},
    "sgd_momentum": {"learning_rate": 0.1, "momentum": 0.8},
    "sgd_nesterov_momentum": {"learning_rate": 0.1, "momentum": 0.8},
    "rmsprop": {"learning_rate": 0.1, "decay_rate": 0.9, "epsilon": 1e-2},
    "adam": {"learning_rate": 0.1, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-2},
}
MEMORY = {"sgd_momentum": ("velocity",), "sgd_nesterov_momentum": ("velocity",), "rmsprop": ("a",), "adam": ("v", "a")}
OTHER_NAMES = {"rmsprop": {"cache": "a"}, "adam": {"m": "v", "v": "a"}}
"""CS231n's names of what is remembered, by ours."""


def _run(
    rule: str, label: str, config: dict[str, Any] | None, scale: float, *, pairs: int = 1, tag: str = ""
) -> Situation:
    """Take several steps with one parameter, or with two in turn, each with a config of its own; None: the rule's."""
    inputs: dict[str, Any] = {}
    steps: list[Step] = []
    for which in range(pairs):
        inputs[f"w{which}"] = draw(which, 4 + which, 3)
        if config is not None:
            inputs[f"config{which}"] = dict(config)
    for t in range(STEPS):
        for which in range(pairs):
            inputs[f"dw{which}_{t}"] = draw(10 * which + t, 4 + which, 3, scale=scale, shift=0.3 * scale)
            w: Any = f"w{which}" if t == 0 else Ref(f"s{which}_{t - 1}", 0)
            state: Any = f"config{which}" if t == 0 else Ref(f"s{which}_{t - 1}", 1)
            names = [f"w after step {t + 1}", f"config after step {t + 1}"]
            own = [state] if t or config is not None else []
            steps.append(call(rule, [w, f"dw{which}_{t}", *own], names, keep=f"s{which}_{t}"))
    return Situation(label, inputs, steps, frozenset({tag} if tag else ()), digest=_remembered)


def _given(rule: str, dialect: str) -> Situation:
    """Take one step from a state that is given, under the names of the file's year."""
    shape = (4, 5)
    state: dict[str, Any] = {name: np.abs(draw(20 + i, *shape)) for i, name in enumerate(MEMORY.get(rule, ()))}
    if rule == "adam":
        state["t"] = 5
    ours = {"config": {**SETTINGS[rule], **state}}
    if dialect:
        theirs = {ours: name for name, ours in OTHER_NAMES.get(rule, {}).items()}
        state = {theirs.get(name, name): value for name, value in state.items()}
    inputs = {"w": draw(1, *shape), "dw": draw(2, *shape), "config": {**SETTINGS[rule], **state}}
    steps = [call(rule, ["w", "dw", "config"], ["w after a step from given state", "config after it"])]
    return Situation("a state that is given", inputs, steps, ours=ours, digest=_remembered)


def _remembered(found: Observed, _inputs: Mapping[str, Any]) -> Observed:
    """Replace each config by what is remembered in it, in the order of our names."""
    digest: Observed = {}
    for key, value in found.items():
        if not key.name.startswith("config"):
            digest[key] = value
        elif isinstance(value, Mapping):
            names = OTHER_NAMES.get(key.function, {})
            cs231n = "cache" in value or "m" in value
            ours = {names.get(name, name) if cs231n else name: each for name, each in value.items()}
            for name in (*MEMORY.get(key.function, ()), *(("t",) if key.function == "adam" else ())):
                digest[Key(key.function, f"config[{name!r}]" + key.name.removeprefix("config"))] = _kept(ours.get(name))
        else:
            digest[key] = value
    return digest


def _kept(value: Any) -> Any:
    """Return what is remembered; zeros are nothing yet."""
    return "nothing" if value is None or (isinstance(value, np.ndarray) and not value.any()) else value


def _dialects(rule: str, source: Source) -> tuple[str, ...]:
    """Return the years whose names of what is remembered stand in a rule's source, or both."""
    theirs = next(iter(OTHER_NAMES.get(rule, {"": ""})))
    if rule not in OTHER_NAMES:
        return ("",)
    text = source.functions.get(rule, "")
    cs231n, ucla = f"['\"]{theirs}['\"]", "['\"]a['\"]"
    found = [name for name, pattern in (("CS231n", cs231n), ("", ucla)) if re.search(pattern, text)]
    return tuple(found) or ("", "CS231n")


def _rule(rule: str) -> Exercise:
    settings = SETTINGS[rule]
    always = (
        _run(rule, f"{STEPS} steps", settings, 1.0),
        _run(rule, f"{STEPS} steps with settings left out", {}, 1.0, tag="settings left out"),
        _run(rule, f"{STEPS} steps with small gradients", settings, 1e-2, tag="small gradients"),
        _run(rule, "two parameters in turn", settings, 1.0, pairs=2, tag="two parameters"),
    )
    without = _run(rule, "two parameters in turn, no config given", None, 1.0, pairs=2, tag="no config given")
    given = {dialect: _given(rule, dialect) for dialect in ("", "CS231n")}

    def situations(source: Source) -> list[Situation]:
        optional = re.search(r"config[^,()]*=", source.functions.get(rule, "").partition("\n")[0])
        return [*always, *([without] if optional and rule in MEMORY else []), given[source.dialect]]

    return Exercise(rule, (rule,), situations, dialects=partial(_dialects, rule))


EXERCISES = tuple(_rule(rule) for rule in SETTINGS)
