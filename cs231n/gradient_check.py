"""Numerical gradients by centred differences, as the notebooks call them.

Functions given here often ignore their argument and read the array they were made with: so x itself is changed in
place, one number at a time, and put back. Of whole numbers, which h would not move, a float64 copy is changed instead.
nndl.check.gradients does more: it knows rounding and kinks from errors.
"""

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.layers import as_floats

Array = NDArray[Any]
Function = Callable[[Array], Any]


def eval_numerical_gradient(f: Function, x: Array, verbose: bool = True, h: float = 1e-5) -> Array:
    """Return the gradient of a number f(x) by x, in x's shape: (f(x + h) - f(x - h)) / 2h for each number in x."""
    x = as_floats(x)
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        plus, minus = _around(f, x, index, h)
        grad[index] = (plus - minus) / (2 * h)
        if verbose:
            print(index, grad[index])
    return grad


def eval_numerical_gradient_array(f: Function, x: Array, df: Any, h: float = 1e-5) -> Array:
    """Return the gradient of sum(df * f(x)) by x, in x's shape; df, the upstream gradient, has the shape of f(x)."""
    x = as_floats(x)
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        plus, minus = _around(f, x, index, h)
        grad[index] = np.sum((plus - minus) * df) / (2 * h)
    return grad


def grad_check_sparse(f: Function, x: Array, analytic_grad: Array, num_checks: int = 10, h: float = 1e-5) -> None:
    """Compare the analytic gradient of a number f(x) with the numerical one at random places, and print both."""
    for index in _random_places(x.shape, num_checks):
        plus, minus = _around(f, x, index, h)
        numerical, analytic = (plus - minus) / (2 * h), analytic_grad[index]
        error = abs(numerical - analytic) / max(abs(numerical) + abs(analytic), np.finfo(float).tiny)
        print(f"numerical: {numerical:f} analytic: {analytic:f}, relative error: {error:e}")


def _around(f: Function, x: Array, index: tuple[int, ...], h: float) -> tuple[Any, Any]:
    """Return f with x[index] moved up by h, and down by h; copies, since f may return x itself."""
    old = x[index]
    try:
        x[index] = old + h
        plus = np.array(f(x))
        x[index] = old - h
        minus = np.array(f(x))
    finally:
        x[index] = old
    return plus, minus


def _random_places(shape: tuple[int, ...], count: int) -> Iterator[tuple[int, ...]]:
    for _ in range(count):
        yield tuple(random.randrange(size) for size in shape)
