"""Dropout: random numbers are not compared, but how many units are kept, by what they are multiplied, and when."""

from collections.abc import Mapping
from math import erf, sqrt
from typing import Any

import numpy as np

from nndl.check.exercises.exercise import Exercise, Key, Observed, Situation, Source, call, draw, get, put
from nndl.check.running.executor import Ref

FORWARD, BACKWARD = "dropout_forward", "dropout_backward"
SEED = """dropout_param["seed"] is not used: a network whose every call draws another mask cannot be gradient-checked.
 Seed the random numbers with it where it is there"""


def _training(p: float, *shape: int) -> Situation:
    inputs = {"x": np.abs(draw(1, *shape)) + 0.5, "dropout_param": {"mode": "train", "p": p}, "dout": draw(2, *shape)}
    steps = [
        call(FORWARD, ["x", "dropout_param"], ["out"], keep="f", report=[0]),
        call(BACKWARD, ["dout", Ref("f", 1)], ["dx"]),
        call(FORWARD, ["x", "dropout_param"], ["out again"], report=[0]),
        get(FORWARD, "out, once forward has been called again", "f", 0),
    ]
    return Situation(f"training with p = {p}, x {shape}", inputs, steps, digest=_digest)


def _testing() -> Situation:
    inputs = {"x": draw(1, 40, 5), "dropout_param": {"mode": "test", "p": 0.7}, "dout": draw(2, 40, 5)}
    steps = [
        call(FORWARD, ["x", "dropout_param"], ["out in test mode"], keep="f", report=[0]),
        call(BACKWARD, ["dout", Ref("f", 1)], ["dx in test mode"]),
        put(0.4, "dropout_param", "p"),
        call(FORWARD, ["x", "dropout_param"], ["out in test mode, p = 0.4"], report=[0]),
    ]
    return Situation("test mode", inputs, steps, frozenset({"test mode"}), digest=_digest_test)


def _seeded() -> Situation:
    param = {"mode": "train", "p": 0.5, "seed": 7}
    twice = [call(FORWARD, ["x", "dropout_param"], [name], report=[0]) for name in ("out", "out again")]
    inputs = {"x": np.abs(draw(1, 30, 20)) + 0.5, "dropout_param": param}
    return Situation("a seed", inputs, twice, convention=SEED.replace("\n", ""), digest=_digest_seeded)


def _digest_seeded(found: Observed, inputs: Mapping[str, Any]) -> Observed:
    """Say of two calls only whether they draw one mask."""
    out, again = (found.get(Key(FORWARD, name)) for name in ("out", "out again"))
    if not isinstance(out, np.ndarray) or not isinstance(again, np.ndarray) or out.shape != inputs["x"].shape:
        return found
    return {Key(FORWARD, "two calls with one seed draw the same mask"): np.array_equal(out, again)}


def _with_zeros() -> Situation:
    inputs = {"x": draw(1, 80, 40).clip(0), "dropout_param": {"mode": "train", "p": 0.7}, "dout": draw(2, 80, 40)}
    steps = [
        call(FORWARD, ["x", "dropout_param"], ["out"], keep="f", report=[0]),
        call(BACKWARD, ["dout", Ref("f", 1)], ["dx"]),
    ]
    return Situation("x of which half is 0, as behind a ReLU", inputs, steps, digest=_digest_zeros)


def _digest_zeros(found: Observed, inputs: Mapping[str, Any]) -> Observed:
    """Say how many of the units at 0 are kept on the way back: an output of 0 tells nothing of the mask."""
    dx, at = found.get(Key(BACKWARD, "dx")), inputs["x"] == 0
    if not isinstance(dx, np.ndarray) or dx.shape != at.shape:
        return {}
    share = _share(float((dx[at] != 0).mean()), inputs["dropout_param"]["p"], int(at.sum()))
    return {Key(BACKWARD, "share of units at 0 that pass the gradient"): share}


def _digest_test(found: Observed, inputs: Mapping[str, Any]) -> Observed:
    """Replace an output by its ratio to x, where that is one number; by words, where units are missing."""
    digest: Observed = {}
    for key, value in found.items():
        of = inputs["dout" if key.function == BACKWARD else "x"]
        digest[key] = _ratio(value / of) if isinstance(value, np.ndarray) and value.shape == of.shape else value
    return digest


def _ratio(ratio: Any) -> Any:
    if (ratio == 0).any():
        return "without some of the units"
    return f"the input times {ratio.flat[0]:.6g}" if np.allclose(ratio, ratio.flat[0]) else ratio


def _digest(found: Observed, inputs: Mapping[str, Any]) -> Observed:
    """Replace outputs by what holds of them whatever was drawn."""
    x, dout, p = inputs["x"], inputs["dout"], inputs["dropout_param"]["p"]
    out, again = found.get(Key(FORWARD, "out")), found.pop(Key(FORWARD, "out again"), None)
    if not isinstance(out, np.ndarray) or out.shape != x.shape:
        return found
    kept, factor = out != 0, out / x
    digest = {key: value for key, value in found.items() if key.name not in ("out", "dx")}
    del digest[Key(FORWARD, "out, once forward has been called again")]
    if not _repeats(kept):
        digest[Key(FORWARD, "share of units kept")] = _share(float(kept.mean()), p, kept.size)
    digest[Key(FORWARD, "factor of kept units")] = np.unique(np.round(factor[kept], 9))
    digest[Key(FORWARD, "the mask is one for all")] = _repeats(kept)
    digest[Key(FORWARD, "another call draws the same mask")] = np.array_equal(out, again)
    dx = found.get(Key(BACKWARD, "dx"))
    if isinstance(dx, np.ndarray) and dx.shape == x.shape:
        digest[Key(BACKWARD, "dx is dout times the mask of forward")] = bool(np.allclose(dx, dout * factor))
        digest[Key(BACKWARD, "dx is dout times the mask, but for a factor")] = bool(np.array_equal(dx != 0, kept))
        digest[Key(BACKWARD, "dx is dout")] = bool(np.allclose(dx, dout))
    elif Key(BACKWARD, "dx") in found:
        digest[Key(BACKWARD, "dx")] = dx
    return digest


def _share(share: float, p: float, size: int) -> str:
    """Name the share of kept units: p, 1 - p, Phi(p) of `randn(...) < p`, all, or a number."""
    named = {"p": p, "1 - p": 1 - p, "Phi(p)": (1 + erf(p / sqrt(2))) / 2, "1 - Phi(p)": (1 - erf(p / sqrt(2))) / 2}
    within = 5 * 0.5 / sqrt(size)
    near = {name: abs(share - value) for name, value in named.items() if abs(share - value) < within}
    return "all" if share == 1.0 else min(near, key=near.__getitem__) if near else f"{share:.2f}"


def _repeats(kept: Any) -> str:
    axes = [axis for axis in range(kept.ndim) if (kept == kept.take([0], axis)).all()]
    return ", ".join(f"axis {axis}" for axis in axes)


_TRAINING = (_training(0.7, 100, 40), _training(0.4, 10, 8, 9, 7), _training(0.25, 90, 30))
_SITUATIONS = (*_TRAINING, _with_zeros(), _testing())
_SEEDED = _seeded()


def _situations(source: Source) -> list[Situation]:
    """Look at the seed where the file speaks of one, as the course's docstrings do."""
    return [*_SITUATIONS, *([_SEEDED] if "seed" in source.functions.get(FORWARD, "") else [])]


EXERCISES = (Exercise("dropout", (FORWARD, BACKWARD), _situations, FORWARD),)
