"""An engine's answer to NaN, infinities and denormal numbers, compared with the definition's.

One array at a time gets NaN, or infinities, at random places. Then of every number of an output or of a running
statistic:

- where the definition has NaN, the engine has NaN;
- where the definition has an infinity, the engine has the same one, or NaN;
- where the definition is finite, the engine has the same number; it may have NaN if a parameter or statistic is not
  finite, and behind a convolution in the same image: Winograd's computes the outputs of a tile together.

And of every number of a gradient:

- where the definition is not finite, the engine is not; where a pooling drops outputs of a convolution, others of a
  parameter's gradient may be instead: what nobody reads need not be multiplied by zero;
- where it is finite, the engine has the same number, or NaN in an image, or in the gradient of a parameter, that holds
  something not finite by the definition too. If a parameter is not finite, or the outputs differ in which numbers are,
  or are NaN (which a slope below 0 takes for negative, where the definition has an infinity of either sign), this is
  left open, and so is which number of a pooling window behind a convolution takes the gradient when one is not.

So nothing that is not finite gets lost: where the definition's loss is NaN, every engine's is.
"""

from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from nndl.check.subject import Bench, ContractError, Subject, require_equal
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.pool import GlobalMaxPool, MaxPool
from nndl.net.shapes import Placed, everything

Array = NDArray[Any]


@dataclass(frozen=True)
class Planting:
    """Put numbers into an array at random places; of x and dout, into the first example."""

    name: str
    """Of the array: "x", "dout", "conv1.w"."""
    values: tuple[float, ...]
    share: float = 0.0
    """Of the array, or of the example: how much of it they fill, taking turns; at least one place each."""

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.values))} in {self.name}"

    @property
    def in_state(self) -> bool:
        """Tell whether they stand in a parameter or a running statistic."""
        return self.name not in ("x", "dout")

    def into(self, name: str, array: Array) -> Array:
        """Return `array` itself, or a copy that holds the numbers if it is the one that is meant."""
        if name != self.name:
            return array
        planted = array.copy()
        room = planted.reshape(-1) if self.in_state else planted[0].reshape(-1)
        random = np.random.default_rng([room.size, crc32(str(self).encode())])
        count = min(max(len(self.values), int(self.share * room.size)), room.size)
        room[random.choice(room.size, count, replace=False)] = np.resize(self.values, count)
        return planted


@dataclass
class Results:
    """Hold what an evaluation and a training step compute."""

    outputs: dict[str, Array]
    gradients: dict[str, Array]


def special_values(subject: Subject, within: float | None = None) -> None:
    """Check that NaN and infinities in x, dout, a parameter or a running statistic come out as by the definition.

    within: the largest difference of finite numbers, by default what the subject's dtype allows.
    """
    bench = subject.bench()
    oracle = subject.oracle_bench(bench)
    fresh = bench.state()
    for planting in (
        *(Planting("x", (np.nan,)), Planting("x", (np.inf, -np.inf), share=0.25)),
        *(Planting("dout", values, share=0.25) for values in ((np.nan,), (np.inf, -np.inf))),
        *(Planting(name, (np.nan, np.inf, -np.inf)) for name in fresh),
    ):
        got, wanted = (_results(each, subject, fresh, planting) for each in (bench, oracle))
        _Comparison(planting, bench, within or subject.agreement).require(got, wanted)


def _results(bench: Bench, subject: Subject, state: dict[str, Array], planting: Planting) -> Results:
    for arrays in (bench.params, bench.buffers):
        for name in arrays:
            arrays[name] = planting.into(name, state[name])
    x = planting.into("x", subject.batch(3))
    with np.errstate(all="ignore"):
        outputs = {"test-mode output": bench.forward(x, "test")}
        if planting.name in bench.buffers:
            return Results(outputs, {})  # training does not read them
        outputs["output"] = bench.forward(x)
        gradients = bench.backward(planting.into("dout", subject.upstream(outputs["output"])))
    outputs |= {name: value.copy() for name, value in bench.buffers.items()}
    return Results(outputs, {f"d{name}": value for name, value in gradients.items()})


class _Comparison:
    """Compare an engine's results with the definition's."""

    def __init__(self, planting: Planting, bench: Bench, within: float) -> None:
        layers = list(everything(bench.network.placed))
        kinds = {type(placed.layer) for placed in layers}
        self.convolves, self.pools = Conv in kinds, bool(kinds & {MaxPool, GlobalMaxPool})
        self.drops = self.convolves and any(_drops(placed) for placed in layers)
        self.planting, self.within = planting, within

    def require(self, got: Results, wanted: Results) -> None:
        """Raise ContractError where `got` is none of what the definition allows."""
        for what, value in wanted.outputs.items():
            self._require(what, got.outputs[what], value, self._output(what, got.outputs[what], value))
        for what, value in wanted.gradients.items():
            self._require(what, got.gradients[what], value, self._not_lost(what, got.gradients[what], value))
        agree = all(
            np.array_equal(kind(got.outputs[what]), kind(value))
            for what, value in wanted.outputs.items()
            for kind in (np.isfinite, np.isnan)
        )
        open_window = self.convolves and self.pools and self.planting.name == "x"
        if self.planting.in_state or open_window or not agree:
            return
        for what, value in wanted.gradients.items():
            self._require(what, got.gradients[what], value, self._gradient(what, got.gradients[what], value))

    def _output(self, what: str, got: Array, wanted: Array) -> Array:
        """Mark the numbers of an output or a running statistic that are right."""
        finite = np.isfinite(wanted)
        may_be_nan = ~finite | self.planting.in_state
        if self.planting.name == "x" and self.convolves and what.endswith("output"):
            may_be_nan[0] = True
        return np.where(finite, self._equal(got, wanted), got == wanted) | (np.isnan(got) & may_be_nan)

    def _not_lost(self, what: str, got: Array, wanted: Array) -> Array:
        """Mark the numbers of a gradient that are not finite, or need not be."""
        kept = ~np.isfinite(got)
        may_pass = self.convolves and self.pools if what == "dx" else self.drops
        if may_pass:  # a window may pass it to another of its numbers, and what is in no window is not computed
            kept = _all_of(what, kept)
        return kept | np.isfinite(wanted)

    def _gradient(self, what: str, got: Array, wanted: Array) -> Array:
        """Mark the numbers of a gradient that are right."""
        special = ~np.isfinite(wanted)
        may_be_nan = _all_of(what, special) if self.convolves or self.pools else special
        return special | self._equal(got, wanted) | (np.isnan(got) & may_be_nan)

    def _equal(self, got: Array, wanted: Array) -> Array:
        size = max(1.0, float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0)))
        with np.errstate(invalid="ignore"):
            return np.abs(got - wanted) <= self.within * size

    def _require(self, what: str, got: Array, wanted: Array, right: Array) -> None:
        if not right.all():
            place = tuple(int(i) for i in np.argwhere(~right)[0])
            found = f"at {list(place)} {got[place]:.8g}, should be {wanted[place]:.8g}"
            raise ContractError(f"{what} with {self.planting}: {found}")


def _drops(placed: Placed) -> bool:
    """Tell whether a pooling leaves out the last rows or columns of its images."""
    if not isinstance(placed.layer, MaxPool):
        return False
    return any(side % step for side, step in zip(placed.in_shape[1:], placed.layer.window.stride, strict=True))


def _all_of(what: str, where: Array) -> Array:
    """Mark all numbers of an image, or of a parameter's gradient, of which one is marked."""
    return np.broadcast_to(where.any(axis=tuple(range(what == "dx", where.ndim)), keepdims=True), where.shape)


TINY = {"float32": 2.0**-130, "float64": 2.0**-1026}
"""Denormal numbers with 19 and 48 bits left: the smallest are 2^-149 and 2^-1074."""


def denormal_numbers(subject: Subject, within: float = 0.05) -> None:
    """Check that denormal numbers are not taken for zero: gradients scale with dout, and some outputs with x.

    within: the largest difference, relative to the largest number of an array; rounding is coarse down there.
    """
    bench = subject.bench()
    oracle = subject.oracle_bench(bench)
    tiny = TINY[subject.dtype]
    x, small = subject.batch(3), np.asarray(subject.batch(3) * tiny, subject.dtype)
    got, wanted = bench.forward(small, "test"), oracle.forward(small, "test")
    if np.abs(wanted).max() < 1000 * tiny:  # nothing is added on the way
        _require_scaled("test-mode output for denormal x", got, wanted, tiny, within)
    out, _ = bench.forward(x), oracle.forward(x)
    dout = np.asarray(subject.upstream(out) * tiny, subject.dtype)
    found = bench.backward(dout)
    for name, value in oracle.backward(dout).items():
        _require_scaled(f"d{name} for denormal dout", found[name], value, tiny, within)


def _require_scaled(what: str, got: Array, wanted: Array, tiny: float, within: float) -> None:
    scale = max(tiny, float(np.abs(wanted).max(initial=0.0)))
    require_equal(f"{what}, over {scale:.2g}", np.asarray(got, np.float64) / scale, wanted / scale, within)


CHECKS = (special_values, denormal_numbers)
