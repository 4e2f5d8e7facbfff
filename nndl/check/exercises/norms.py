"""Batch, layer, spatial batch and group normalisation."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from nndl.check.exercises.building import Pair
from nndl.check.exercises.exercise import Array, Exercise, Situation, Source, Step, call, draw, get, put
from nndl.check.running.executor import Ref

GRADIENTS = ("dx", "dgamma", "dbeta")
BN = Pair("bn", "batchnorm_forward", "batchnorm_backward", ("x", "gamma", "beta", "bn_param"), GRADIENTS)
ALT = replace(BN, name="bn_alt", backward="batchnorm_backward_alt")
SPATIAL = replace(BN, name="spatial_bn", forward="spatial_batchnorm_forward", backward="spatial_batchnorm_backward")
LAYER = Pair("layer_norm", "layernorm_forward", "layernorm_backward", ("x", "gamma", "beta", "ln_param"), GRADIENTS)
FAR = """far from zero digits are lost, as by a variance of E[x^2] - mean^2, where two large numbers nearly cancel; take
 the mean of the squared deviations"""
GROUP = Pair(
    "group_norm",
    "spatial_groupnorm_forward",
    "spatial_groupnorm_backward",
    ("x", "gamma", "beta", "G", "gn_param"),
    GRADIENTS,
)


def _channels(C: int) -> tuple[Array, Array]:
    """Return a gamma and a beta that hide nothing: all unequal, none 1 or 0, of both signs."""
    return draw(2, C, shift=1.0), draw(3, C, scale=2.0, shift=-1.0)


def _batch(pair: Pair, label: str, x: Array, *, tags: Any = (), test: Any = True, **bn: Any) -> Situation:
    """Train twice, then test; `bn` are options and running statistics that are given."""
    gamma, beta = _channels(x.shape[1])
    label += _numbers(bn)
    situation = pair.situation(label, x, gamma, beta, {"mode": "train", **bn}, tags=tags)
    return replace(situation, steps=[*situation.steps, *_testing(pair.forward)]) if test else situation


def _numbers(options: Mapping[str, Any]) -> str:
    """Name the options that are given, but for arrays: ", eps = 0.001"."""
    return "".join(f", {name} = {value:g}" for name, value in options.items() if isinstance(value, float))


def _testing(forward: str) -> list[Step]:
    statistics = ("running_mean", "running_var")
    after = [get(forward, f"{name} after training", "bn_param", name) for name in statistics]
    unmoved = [get(forward, f"{name} after test mode", "bn_param", name) for name in statistics]
    args = [Ref("x2"), Ref("gamma"), Ref("beta"), Ref("bn_param")]
    tested = call(forward, args, ["out in test mode"], report=[0])
    return [*after, put("test", "bn_param", "mode"), tested, *unmoved]


def _statistics(C: int) -> dict[str, Array]:
    return {"running_mean": draw(6, C), "running_var": np.random.default_rng(C).uniform(0.5, 2.0, C)}


def _given(forward: str, shape: Sequence[int], dead: bool = False) -> Situation:
    """Make test mode alone, with running statistics that are given; of dead features, a variance of 0."""
    gamma, beta = _channels(shape[1])
    given = _statistics(shape[1])
    if dead:
        given["running_var"][0] = 0.0
        given["running_var"][1:] *= 1e-5
    inputs = {"x": draw(1, *shape, shift=0.5), "gamma": gamma, "beta": beta, "bn_param": {"mode": "test", **given}}
    after = [get(forward, f"{name} after test mode", "bn_param", name) for name in given]
    steps = [call(forward, ["x", "gamma", "beta", "bn_param"], ["out in test mode"], report=[0]), *after]
    what = "running variances near 0" if dead else "given running statistics"
    return Situation(f"test mode with {what}, x {tuple(shape)}", inputs, steps, frozenset({"test mode"}))


def _flat(x: Array) -> Array:
    """Return x with a variance near eps, of its first feature 0."""
    x = 3e-3 * x + 0.5
    x[:, 0] = 0.5
    return x


def _far(situation: Situation) -> Situation:
    """Note what a function gives otherwise where the mean is a million times the deviation."""
    return replace(situation, convention=FAR.replace("\n", ""))


def _bn(pair: Pair, shape: tuple[int, ...], other: tuple[int, ...]) -> list[Situation]:
    C = shape[1]
    alone = (1, *shape[1:])
    return [
        _batch(pair, f"x {shape}", draw(1, *shape, scale=2.0, shift=3.0)),
        _batch(pair, f"x {other}", draw(1, *other, shift=-1.0), momentum=0.7, eps=1e-3),
        _batch(pair, f"running statistics given, x {shape}", draw(4, *shape), momentum=0.6, **_statistics(C)),
        _batch(pair, f"a variance near eps, x {shape}", _flat(draw(1, *shape)), tags=("variance near eps",)),
        _batch(pair, f"one example, x {alone}", draw(1, *alone), tags=("one example",), test=False),
        _far(_batch(pair, f"a mean of a million, x {shape}", draw(1, *shape, shift=1e6), test=False)),
        _given(pair.forward, shape),
        _given(pair.forward, other, dead=True),
    ]


def _dialects(source: Source) -> tuple[str, ...]:
    """Hold a file to (1, C, 1, 1) where its docstring promises that, as those since 2019 do; else to either."""
    text = source.functions.get(GROUP.forward, "")
    return ("(1, C, 1, 1)",) if re.search(r"\(1, ?C, ?1, ?1\)", text) else ("(1, C, 1, 1)", "(C,)")


def _layer(label: str, x: Array, **ln: Any) -> Situation:
    return LAYER.situation(label + _numbers(ln), x, *_channels(x.shape[1]), ln)


def _group(source: Source) -> list[Situation]:
    return list(_group_in(source.dialect))


@cache
def _group_in(dialect: str) -> tuple[Situation, ...]:
    """Return situations with gamma and beta (1, C, 1, 1), as the course has them, or (C,)."""

    def situation(shape: tuple[int, ...], G: int, label: str = "", x: Array | None = None, **gn: Any) -> Situation:
        C = shape[1]
        gamma, beta = _channels(C)
        if dialect != "(C,)":
            gamma, beta = gamma.reshape(1, C, 1, 1), beta.reshape(1, C, 1, 1)
        tags = ["one example"] * (shape[0] == 1) + ["N is not G"] * (shape[0] != G)
        label = f"{label}G = {G}, x {shape}{_numbers(gn)}"
        return GROUP.situation(label, draw(1, *shape, shift=2.0) if x is None else x, gamma, beta, G, gn, tags=tags)

    return (
        situation((2, 6, 4, 4), 2),
        situation((2, 6, 4, 5), 3),
        situation((3, 4, 5, 2), 2, eps=1e-2),
        situation((1, 4, 3, 3), 4),
        situation((3, 5, 2, 4), 1),
        situation((2, 4, 3, 5), 2, "a variance near eps, ", 3e-3 * draw(1, 2, 4, 3, 5)),
        _far(situation((2, 4, 3, 5), 2, "a mean of a million, ", draw(1, 2, 4, 3, 5, shift=1e6))),
    )


EXERCISES = (
    BN.exercise(*_bn(BN, (5, 4), (3, 6))),
    replace(ALT.exercise(*_bn(ALT, (5, 4), (3, 6)), uses=(BN.forward,)), functions=(ALT.backward,)),
    LAYER.exercise(
        _layer("x (5, 7)", draw(1, 5, 7, scale=2.0, shift=3.0)),
        _layer("x (6, 3)", draw(1, 6, 3), eps=1e-2),
        _layer("one example, x (1, 4)", draw(1, 1, 4)),
        _far(_layer("a mean of a million, x (3, 5)", draw(1, 3, 5, shift=1e6))),
        _layer("a variance near eps, x (4, 6)", 3e-3 * draw(1, 4, 6) + 0.5),
    ),
    SPATIAL.exercise(*_bn(SPATIAL, (2, 3, 4, 5), (4, 5, 3, 2)), uses=("batchnorm_forward", "batchnorm_backward")),
    Exercise(
        "group_norm",
        (GROUP.forward, GROUP.backward),
        _group,
        GROUP.forward,
        GROUP.slopes,
        uses=("layernorm_forward", "layernorm_backward"),
        dialects=_dialects,
    ),
)
