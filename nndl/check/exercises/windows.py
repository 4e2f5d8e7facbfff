"""Convolution and pooling."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nndl.check.exercises.building import Pair
from nndl.check.exercises.exercise import Situation, draw

CONV = Pair("conv", "conv_forward_naive", "conv_backward_naive", ("x", "w", "b", "conv_param"), ("dx", "dw", "db"))
BORDER = "the windows leave a border, which the course lets one assume not to happen"
TILES = "windows that overlap, or leave gaps, are more than the courses' notebooks ask of pooling"
TIES = "where several are the largest, which of them gets the gradient is a matter of convention"


def _conv(stride: int, pad: int, x: Sequence[int], w: Sequence[int], border: bool = False) -> Situation:
    """Make a convolution of x (N, C, H, W) with w (F, HH, WW)."""
    F, HH, WW = w
    values = draw(1, *x, shift=0.3), draw(2, F, x[1], HH, WW), draw(3, F, shift=1.0)
    given = {"stride": (stride > 1, "stride above 1"), "pad": (pad == 0, "pad 0"), "wide": (pad > 1, "pad above 1")}
    tags = [words for holds, words in given.values() if holds]
    tags += ["filters that are not square"] * (HH != WW) + ["images that are not square"] * (x[2] != x[3])
    tags += ["one example"] * (x[0] == 1) + ["windows that do not overlap"] * (stride >= max(HH, WW))
    label = f"stride {stride}, pad {pad}, x {tuple(x)}, w {(F, x[1], HH, WW)}"
    param = {"stride": stride, "pad": pad}
    return CONV.situation(label, *values, param, tags=tags, convention=BORDER if border else "")


_CONV = CONV.exercise(
    _conv(1, 1, (2, 3, 5, 5), (4, 3, 3)),
    _conv(1, 1, (2, 3, 6, 4), (4, 3, 3)),
    _conv(2, 1, (2, 2, 7, 5), (3, 3, 3)),
    _conv(1, 0, (2, 3, 5, 6), (2, 3, 3)),
    _conv(3, 0, (2, 2, 8, 5), (3, 2, 2)),
    _conv(1, 2, (3, 1, 4, 5), (2, 5, 5)),
    _conv(2, 2, (2, 2, 5, 7), (3, 3, 3)),
    _conv(1, 1, (2, 2, 5, 6), (3, 4, 3)),
    _conv(2, 0, (1, 3, 6, 8), (2, 2, 4)),
    _conv(1, 0, (3, 2, 4, 3), (5, 1, 1)),
    _conv(1, 0, (2, 3, 4, 5), (2, 4, 5)),
    _conv(2, 1, (2, 2, 6, 8), (3, 3, 3), border=True),
    _conv(3, 0, (2, 2, 9, 7), (3, 2, 2), border=True),
)


def _pool(pair: Pair, h: int, w: int, stride: int, x: Sequence[int], why: str = "", values: Any = None) -> Situation:
    tags = ["windows that overlap"] * (stride < max(h, w)) + ["windows that are not square"] * (h != w)
    tags += ["images that are not square"] * (x[2] != x[3]) + ["stride other than the window's size"] * (stride != h)
    tags += ["one example"] * (x[0] == 1) + ["gaps between windows"] * (stride > max(h, w))
    param = {"pool_height": h, "pool_width": w, "stride": stride}
    x_values = draw(4, *x, shift=-1.0) if values is None else values
    label = f"windows {h} x {w}, stride {stride}, x {tuple(x)}"
    if why == TIES:
        label += " with ties"
        tags.append("ties")
    situation = pair.situation(label, x_values, param, tags=tags, convention=why)
    return situation if h == w == stride else replace(situation, may_refuse=TILES)


def _pooling(name: str, forward: str, backward: str) -> Any:
    pair = Pair(name, forward, backward, ("x", "pool_param"), ("dx",))
    ties = np.trunc(draw(6, 2, 3, 6, 4)).clip(0)
    return pair.exercise(
        _pool(pair, 2, 2, 2, (2, 3, 4, 4)),
        _pool(pair, 2, 2, 2, (3, 2, 6, 4)),
        _pool(pair, 3, 3, 2, (2, 3, 7, 5)),
        _pool(pair, 2, 2, 1, (2, 1, 4, 5)),
        _pool(pair, 2, 3, 1, (2, 2, 5, 6)),
        _pool(pair, 3, 2, 2, (1, 2, 7, 6)),
        _pool(pair, 2, 2, 3, (2, 2, 8, 5)),
        _pool(pair, 4, 3, 1, (2, 2, 5, 4)),
        _pool(pair, 3, 3, 3, (2, 2, 3, 3)),
        _pool(pair, 2, 2, 2, (2, 3, 5, 7), why=BORDER),
        _pool(pair, 3, 3, 2, (2, 3, 6, 8), why=BORDER),
        _pool(pair, 2, 2, 2, (2, 3, 6, 4), why=TIES, values=ties),
    )


def _global(name: str) -> Any:
    pair = Pair(f"global_{name}_pool", f"global_{name}_pool_forward", f"global_{name}_pool_backward", ("x",), ("dx",))
    return pair.exercise(
        pair.situation("x (2, 3, 4, 5)", draw(1, 2, 3, 4, 5)),
        pair.situation("x (1, 2, 5, 3)", draw(1, 1, 2, 5, 3), tags=("one example",)),
        pair.situation("x (3, 2, 1, 1)", draw(1, 3, 2, 1, 1)),
    )


EXERCISES = (
    _CONV,
    _pooling("max_pool", "max_pool_forward_naive", "max_pool_backward_naive"),
    _pooling("avg_pool", "avg_pool_forward_naive", "avg_pool_backward_naive"),
    _global("max"),
    _global("avg"),
)
