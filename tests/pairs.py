"""A definition with arrays to try it on, and what every definition must hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.check.gradients import check_gradients, random_upstream

Array = NDArray[Any]


def draw(*shape: int, seed: int = 0) -> Array:
    """Draw standard normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape)


@dataclass(frozen=True)
class Tried:
    """A pair with its arrays, x first, and the constants that follow them."""

    forward_half: Callable[..., tuple[Array, Any]]
    backward_half: Callable[..., Any]
    arrays: dict[str, Array]
    constants: tuple[Any, ...]

    def forward(self) -> tuple[Array, Any]:
        """Return (out, cache)."""
        return self.forward_half(*self.arrays.values(), *self.constants)

    def backward(self, dout: Array, cache: Any) -> tuple[Array, ...]:
        """Return all gradients but the None that stands for a bias that is not there."""
        found = self.backward_half(dout, cache)
        return tuple(each for each in found if each is not None) if isinstance(found, tuple) else (found,)


def tried(
    module: ModuleType, names: str, shapes: Mapping[str, tuple[int, ...]], constants: tuple[Any, ...], dtype: Any
) -> Tried:
    """Draw arrays of these shapes for a module's pair, of which `names` has {} for forward and backward."""
    arrays = {argument: draw(*shape, seed=i).astype(dtype) for i, (argument, shape) in enumerate(shapes.items())}
    forward, backward = (getattr(module, names.format(half)) for half in ("forward", "backward"))
    return Tried(forward, backward, arrays, constants)


def check_backward(pair: Tried) -> None:
    """Check that backward is the gradient of forward."""
    out, cache = pair.forward()
    dout = random_upstream(out.shape)
    gradients = dict(zip(pair.arrays, pair.backward(dout, cache), strict=True))
    check = check_gradients(lambda: pair.forward()[0], pair.arrays, gradients, dout, tolerance=1e-6)
    assert check.passed, check


def check_inputs_and_dtype(pair: Tried) -> None:
    """Check, of arrays in float32, that they stay as they are and that all results are float32, in their shapes."""
    before = {name: array.copy() for name, array in pair.arrays.items()}
    out, cache = pair.forward()
    dout = random_upstream(out.shape).astype(np.float32)
    kept = dout.copy()
    gradients = pair.backward(dout, cache)
    assert all(np.array_equal(before[name], array) for name, array in pair.arrays.items())
    assert np.array_equal(dout, kept)
    assert {out.dtype, *(each.dtype for each in gradients)} == {np.dtype(np.float32)}
    assert [each.shape for each in gradients] == [array.shape for array in pair.arrays.values()]
