"""Fingerprints of a wrong result, whatever made it wrong: a factor, a sum that should be zero, a mixed-up axis."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nndl.check.exercises.exercise import Array, Exercise
from nndl.check.students.comparing import Difference, by_name

AXES = {2: ("example", "feature"), 4: ("image", "channel", "row", "column")}
NORMS = ("bn", "bn_alt", "spatial_bn", "layer_norm", "group_norm")


def told(exercise: Exercise, function: str, rest: Sequence[Difference]) -> list[str]:
    """Return sentences on the wrong results of a function."""
    said: list[str] = []
    for name, found in by_name(list(rest)):
        alike = [d for d in found if _arrays(d) and d.key.name == name]
        said += [*_factor(name, alike)]
        if alike and name == "dx" and function != exercise.forward:
            said += [*_sums(exercise.name, alike[0])]
    return said


def _arrays(difference: Difference) -> bool:
    got, wanted = difference.got, difference.wanted
    both = isinstance(got, np.ndarray) and isinstance(wanted, np.ndarray)
    return both and got.shape == wanted.shape and bool(np.isfinite(got).all() and np.any(wanted))


def _factor(name: str, found: Sequence[Difference]) -> Iterator[str]:
    """Say where a result is a multiple of what it should be, and which size of the inputs that is."""
    factors = [factor for d in found if (factor := _multiple(d.got, d.wanted))]
    if not factors or len(factors) < len(found):
        return
    sizes = [_sizes(d.trial.situation.inputs) for d in found]
    words = [
        word
        for word in sizes[0]
        if all(np.isclose(f, size[word], rtol=1e-6) for f, size in zip(factors, sizes, strict=True))
    ]
    if words:
        yield f"{name} is what it should be times {words[0]}."
    elif len(found) > 1 and np.allclose(factors, factors[0], rtol=1e-6):
        yield f"{name} is what it should be times {factors[0]:.6g}."


def _multiple(got: Array, wanted: Array) -> float | None:
    factor = float(np.vdot(got, wanted) / np.vdot(wanted, wanted))
    return factor if factor and np.allclose(got, factor * wanted, rtol=1e-6, atol=1e-9) else None


def _sizes(inputs: Mapping[str, Any]) -> dict[str, float]:
    """Return numbers that are often one factor too many, or too few, in words."""
    shape: tuple[int, ...] = inputs["x"].shape if "x" in inputs else (1,)
    sizes = {"-1": -1.0, "2": 2.0, "1/2": 0.5, "N": float(shape[0]), "1/N": 1 / shape[0]}
    if len(shape) == 4:
        N, C, H, W = shape
        sizes |= {"H W": H * W, "1/(H W)": 1 / (H * W), "N H W": N * H * W, "1/(N H W)": 1 / (N * H * W)}
        sizes |= {"C": float(C), "1/C": 1 / C}
    elif len(shape) == 2:
        sizes |= {"D": float(shape[1]), "1/D": 1 / shape[1]}
    return sizes


def _sums(kind: str, difference: Difference) -> Iterator[str]:
    """Say which of the sums that are zero for a normalisation's dx, or a loss's, is not."""
    dx, x = difference.got, difference.trial.situation.inputs["x"]
    if kind not in NORMS:
        return
    if kind == "group_norm":
        groups = difference.trial.situation.inputs["G"]
        rows, x = dx.reshape(len(dx) * groups, -1), x.reshape(len(x) * groups, -1)
    elif kind == "layer_norm":
        rows = dx
    else:
        rows = np.moveaxis(dx, 1, 0).reshape(dx.shape[1], -1)
        x = np.moveaxis(x, 1, 0).reshape(x.shape[1], -1)
    size = float(np.abs(rows).max(initial=1e-12))
    what = {"layer_norm": "example", "group_norm": "group", "spatial_bn": "channel"}.get(kind, "feature")
    if np.abs(rows.mean(axis=1)).max() > 1e-6 * size:
        yield (
            f"dx of each {what} should sum to 0, for adding a number to all of them changes no output; yours does not: "
            "look at the way through the mean."
        )
    centred = x - x.mean(axis=1, keepdims=True)
    turned = np.abs((rows * centred).mean(axis=1)) / np.maximum(centred.std(axis=1), 1e-12)
    if turned.max() > 1e-3 * size:
        yield (
            f"dx of each {what} should be orthogonal to x_hat, for scaling x changes no output; yours is not: look at "
            "the way through the variance."
        )
