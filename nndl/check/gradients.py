"""Comparison of a hand-written gradient with centred differences, for any function of arrays.

The error is the courses' |a - n| / max(floor, |a| + |n|) of the analytic slope a and the numerical slope n. Two things
make a right gradient look wrong, and both are told apart from errors here:

- Rounding. A difference of outputs of size s over 2 h cannot resolve slopes below about eps s / h. That bound, over the
  tolerance, is the floor where it exceeds the courses' 1e-8: the bias before a batch norm has a true gradient of zero.
- Kinks of ReLU, max and pooling ties. A kink beside the point leaves the window when the step shrinks; a kink at the
  point keeps the slopes from the left and from the right apart, and any value between them is a right answer; among
  many kinks the numerical slopes do not settle as the step shrinks. Such places are counted, and too many fail.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Function = Callable[[], ArrayLike]
"""Evaluates with what the arrays hold at the moment of the call."""
Verdict = Literal["ok", "wrong", "too many kinks"]

FLOOR = 1e-8
STEP = 1e-5
TOLERANCE = 1e-6
ROUNDINGS = 8
"""Roundings of an output that a difference is taken to carry, at most."""
KINKS_ALLOWED = 0.2
"""Share of the checked places that may be kinks (one may always) before the check says too little to pass."""
LONGEST = 10.0
"""Length of the direction through all coordinates."""


@dataclass(frozen=True)
class Row:
    """The findings for one array."""

    name: str
    shape: tuple[int, ...]
    checked: int
    """Coordinates compared, kinks among them; one direction through all coordinates comes on top."""
    kinks: int
    error: float
    """Largest relative error away from kinks."""
    verdict: Verdict
    fault: str = ""
    """The place of the largest error, with both values, when the verdict is "wrong"."""

    def __str__(self) -> str:
        return f"d{self.name} {self.shape}: {self.verdict}, relative error {self.error:.2e} {self.fault}".rstrip()


@dataclass(frozen=True)
class GradientCheck:
    """The rows of a check, one for each array."""

    rows: tuple[Row, ...]
    tolerance: float

    @property
    def passed(self) -> bool:
        return all(row.verdict == "ok" for row in self.rows)

    def __str__(self) -> str:
        lines = (
            f"d{r.name} {r.shape}: {r.verdict}, relative error {r.error:.2e} {r.fault}".rstrip() for r in self.rows
        )
        return "\n".join(lines)


def relative_error(analytic: ArrayLike, numerical: ArrayLike, floor: float = FLOOR) -> float:
    """Return max |a - n| / max(floor, |a| + |n|), as the courses define it; infinity where a value is not finite."""
    a, n = np.asarray(analytic), np.asarray(numerical)
    if not (np.isfinite(a).all() and np.isfinite(n).all()):
        return float("inf")
    return float(np.max(np.abs(a - n) / np.maximum(floor, np.abs(a) + np.abs(n)), initial=0.0))


def random_upstream(shape: tuple[int, ...], seed: int = 0) -> Array:
    """Draw a dout. Never all ones: they sum to nothing through a batch norm, and then a wrong dx of zero passes."""
    return np.random.default_rng(seed).standard_normal(shape)


def check_gradients(
    function: Function,
    arrays: Mapping[str, Array],
    gradients: Mapping[str, Array],
    upstream: ArrayLike = 1.0,
    *,
    coordinates: int = 20,
    tolerance: float = TOLERANCE,
    step: float = STEP,
    seed: int = 0,
    seen: Callable[[str], None] = lambda _: None,
) -> GradientCheck:
    """Compare `gradients` of sum(upstream * function()) with numerical ones, array by array.

    function:  evaluates with what `arrays` (float64) hold; they are changed in place and put back exactly.
    upstream:  dout, of the shape function() returns; 1.0 for a function that returns a number.
    coordinates: how many of each array's coordinates are sampled, after one random direction through all of them.
    seen: told an array's name after each comparison in it.
    Raises TypeError for arrays that are not float64, ValueError for a gradient of another shape than its array.
    """
    for name, array in arrays.items():
        if array.dtype != np.float64:
            raise TypeError(
                f"{name} is {array.dtype}; gradient checks need float64, rounding drowns differences in less"
            )
        if np.shape(gradients[name]) != array.shape:
            raise ValueError(f"d{name} has shape {np.shape(gradients[name])}, {name} has {array.shape}")
    probe = _Probe(function, np.asarray(upstream), tolerance, step)
    random = np.random.default_rng(seed)
    rows = []
    for name, array in arrays.items():
        slopes = []
        for line in _lines(array, gradients[name], coordinates, random):
            slopes.append(probe.compare(*line))
            seen(name)
        rows.append(_row(name, array.shape, slopes, tolerance))
    return GradientCheck(tuple(rows), tolerance)


@dataclass(frozen=True)
class _Slope:
    """One comparison: along a coordinate or a direction."""

    error: float
    kink: bool
    place: str
    analytic: float
    numerical: float


def _row(name: str, shape: tuple[int, ...], slopes: Sequence[_Slope], tolerance: float) -> Row:
    kinks = sum(slope.kink for slope in slopes)
    smooth = [slope for slope in slopes if not slope.kink]
    # Of the faults, name one at a coordinate if there is one: it says more than a direction.
    worst = max(smooth, key=lambda s: (s.error > tolerance and s.place != _ALL, s.error), default=None)
    error = max((slope.error for slope in smooth), default=0.0)
    verdict: Verdict = "ok"
    fault = ""
    if worst is not None and error > tolerance:
        verdict = "wrong"
        fault = f"{worst.place}: analytic {worst.analytic:.6g}, numerical {worst.numerical:.6g}"
    elif not smooth or kinks > max(1, KINKS_ALLOWED * len(slopes)):
        verdict = "too many kinks"
    return Row(name, shape, len(slopes) - 1, kinks, error, verdict, fault)


def _unsettled(slopes: Sequence[float], analytic: float) -> bool:
    """Tell whether slopes of smaller and smaller steps are further from each other than the analytic one is from them.

    That happens among many kinks, some in every window. The slopes of a smooth function settle long before.
    """
    return abs(analytic - slopes[-1]) <= max(slopes) - min(slopes)


_ALL = "along a random direction"
_Move = Callable[[float], None]


def _lines(
    array: Array, gradient: Array, coordinates: int, random: np.random.Generator
) -> Iterator[tuple[str, _Move, float]]:
    """Yield lines through the point: a random direction through all coordinates, then sampled coordinates."""
    start = array.copy()
    direction = random.standard_normal(array.shape)
    direction *= min(1.0, LONGEST / float(np.linalg.norm(direction)))  # a long one meets a kink in every window

    def along(t: float) -> None:
        array[...] = start + t * direction if t else start

    yield _ALL, along, float(np.vdot(gradient, direction))
    for flat in np.sort(random.choice(array.size, min(coordinates, array.size), replace=False)):
        index = np.unravel_index(flat, array.shape)

        def at(t: float, index: tuple[Any, ...] = index) -> None:
            array[index] = start[index] + t

        yield f"at [{', '.join(map(str, index))}]", at, float(gradient[index])


@dataclass(frozen=True)
class _Probe:
    """Compares an analytic slope with the function's own along a line."""

    function: Function
    upstream: Array
    tolerance: float
    step: float

    def compare(self, place: str, move: _Move, analytic: float) -> _Slope:
        numerical, resolution = self._centred(move, self.step)
        error = relative_error(analytic, numerical, max(FLOOR, resolution / self.tolerance))
        if error <= self.tolerance:
            return _Slope(error, False, place, analytic, numerical)
        slopes = [numerical]
        for step in (self.step / 10, self.step / 100):
            slopes.append(self._centred(move, step)[0])
            if (smaller := relative_error(analytic, slopes[-1])) <= self.tolerance:
                return _Slope(smaller, False, place, analytic, slopes[-1])
        kink = _unsettled(slopes, analytic) or self._is_kink(move, None if place == _ALL else analytic)
        return _Slope(error, kink, place, analytic, numerical)

    def _centred(self, move: _Move, step: float) -> tuple[float, float]:
        """Return the slope between -step and +step, and the smallest slope that the difference can resolve."""
        plus, minus = self._evaluate(move, step), self._evaluate(move, -step)
        touched = np.where(plus != minus, self.upstream * plus, 0.0)
        resolution = ROUNDINGS * np.finfo(np.float64).eps * float(np.linalg.norm(touched)) / step
        return float(np.sum(self.upstream * (plus - minus))) / (2 * step), resolution

    def _is_kink(self, move: _Move, analytic: float | None) -> bool:
        """Tell whether one-sided slopes stay apart as the step shrinks, the analytic slope (if given) between them.

        The slopes of a smooth function come together in proportion to the step. A direction that passes through
        several kinks at once tells nothing of where its right answers end, so none is given for it.
        """
        left, right = self._one_sided(move, self.step / 10)
        wider_left, wider_right = self._one_sided(move, self.step)
        size = max(abs(left), abs(right))
        margin = 1e-4 * size
        if abs(right - left) <= max(margin, 0.5 * abs(wider_right - wider_left)):
            return False
        return analytic is None or min(left, right) - margin <= analytic <= max(left, right) + margin

    def _one_sided(self, move: _Move, step: float) -> tuple[float, float]:
        plus, here, minus = (self._evaluate(move, t) for t in (step, 0.0, -step))
        left, right = self.upstream * (here - minus), self.upstream * (plus - here)
        return float(np.sum(left)) / step, float(np.sum(right)) / step

    def _evaluate(self, move: _Move, t: float) -> Array:
        move(t)
        try:
            return np.array(self.function(), np.float64)
        finally:
            move(0.0)
