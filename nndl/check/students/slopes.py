"""A numerical check of a backward half against its own forward half, right or wrong."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nndl.check.exercises.exercise import Answer, Array, Exercise, Situation, call, draw
from nndl.check.students.comparing import Trial

STEP = 1e-6
DIRECTIONS = 3
WITHIN = 1e-4


def agree(exercise: Exercise, trials: Sequence[Trial], ask: Callable[[Situation], list[Answer]]) -> bool:
    """Compare slopes along random directions with the gradients given, in the first situations that have them."""
    trials = [trial for trial in trials if not trial.situation.convention and "dout" in trial.situation.inputs][:3]
    checked = [_agrees(exercise, trial, ask) for trial in trials]
    return bool(checked) and all(checked)


def _agrees(exercise: Exercise, trial: Trial, ask: Callable[[Situation], list[Answer]]) -> bool:
    inputs, dout = trial.situation.inputs, trial.situation.inputs["dout"]
    given = {key.name: value for key, value in trial.theirs.items() if key.function in exercise.functions}
    steps, moved, wanted = [], dict(inputs), []
    for name, gradient in exercise.slopes.items():
        value = given.get(gradient)
        if not isinstance(value, np.ndarray) or value.shape != inputs[name].shape:
            return False
        for i in range(DIRECTIONS):
            direction = draw(40 + i, *value.shape)
            wanted.append(float(np.sum(value * direction)))
            for sign in (1, -1):
                other = f"{name} {i} {sign}"
                moved[other] = inputs[name] + sign * STEP * direction
                args = [other if each == name else each for each in _arguments(trial)]
                steps.append(call(exercise.forward, args, [other], report=[0]))
    outs = list(Situation("", moved, steps).observe(ask(Situation("", moved, steps))).values())
    if len(outs) != len(steps) or not all(isinstance(out, np.ndarray) and out.shape == dout.shape for out in outs):
        return False
    if not wanted:
        return False
    found = [_slope(dout, plus, minus) for plus, minus in zip(outs[::2], outs[1::2], strict=True)]
    return bool(np.allclose(found, wanted, rtol=WITHIN, atol=WITHIN * max(1e-2, float(np.abs(wanted).max()))))


def _slope(dout: Array, plus: Any, minus: Any) -> float:
    return float(np.sum(dout * (plus - minus))) / (2 * STEP)


def _arguments(trial: Trial) -> list[Any]:
    """Return the arguments of the situation's first call of forward."""
    return [ref.path[0] if hasattr(ref, "path") else ref for ref in trial.situation.steps[0].does["args"]]
