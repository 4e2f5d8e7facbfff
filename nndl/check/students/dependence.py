"""A map of which numbers of the output depend on one number of the input, beside ours."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nndl.check.exercises.exercise import Answer, Array, Exercise, Key, Situation, call
from nndl.check.students.comparing import Trial
from nndl.check.students.naming import gave

BUMP = 0.37
SMALLEST = 1e-9
AXES = {2: ("example", "feature"), 4: ("image", "channel", "row", "column")}


def told(exercise: Exercise, trials: Sequence[Trial], ask: Callable[[Situation], list[Answer]]) -> Iterator[str]:
    """Say where an output moves with a number of x that it should not depend on, or does not where it should."""
    out = Key(exercise.forward, "out")
    trial = next((t for t in trials if t.ours.get(out) is not None and _fits(t.theirs.get(out), t.ours[out])), None)
    if trial is None or "x" not in trial.situation.inputs or trial.situation.digest is not None:
        return
    x = trial.situation.inputs["x"]
    if x.ndim not in AXES:
        return
    place = tuple(min(1, size - 1) for size in x.shape)
    bumped = _bumped(trial.situation, exercise.forward, place)
    theirs, ours = (_moved(seen, exercise.forward) for seen in (bumped.observe(ask(bumped)), gave(bumped)))
    if theirs is None or ours is None or theirs.shape != ours.shape:
        return
    for found, words in ((theirs & ~ours, "depends"), (ours & ~theirs, "does not depend")):
        if found.any():
            first = tuple(int(i) for i in np.argwhere(found)[0])
            yield f"out{list(first)} {words} on x{list(place)}{_apart(first, place, ours, words)}."
            return


def _fits(theirs: Any, ours: Any) -> bool:
    return isinstance(theirs, np.ndarray) and theirs.shape == np.shape(ours)


def _bumped(situation: Situation, forward: str, place: tuple[int, ...]) -> Situation:
    """Return a situation that calls forward on x and on an x of which one number is another."""
    moved = situation.inputs["x"].copy()
    moved[place] += BUMP
    args = [ref.path[0] if hasattr(ref, "path") else ref for ref in situation.steps[0].does["args"]]
    others = ["bumped" if each == "x" else each for each in args]
    steps = [call(forward, each, [name], report=[0]) for each, name in ((args, "before"), (others, "after"))]
    return replace(situation, inputs={**situation.inputs, "bumped": moved}, steps=steps)


def _moved(seen: Any, forward: str) -> Array | None:
    before, after = seen.get(Key(forward, "before")), seen.get(Key(forward, "after"))
    if not (isinstance(before, np.ndarray) and _fits(after, before)):
        return None
    return np.asarray(np.abs(after - before) > SMALLEST)


def _apart(first: tuple[int, ...], place: tuple[int, ...], ours: Array, words: str) -> str:
    """Say the same of whole examples or channels, where it is these that should be apart, as ours are."""
    if words != "depends":
        return ", as it should"
    for axis, name in enumerate(AXES.get(len(place), ())[: len(first)]):
        crossed = _elsewhere(ours, axis, place[axis]).any()
        if first[axis] != place[axis] and not crossed:
            return f": {name} {first[axis]} of your output depends on {name} {place[axis]} of x"
    return ""


def _elsewhere(moved: Array, axis: int, at: int) -> Array:
    """Return the part of a map that is not at one place of an axis."""
    return np.compress(np.arange(moved.shape[axis]) != at, moved, axis=axis)
