"""Checks of a reference pair called directly, as the courses' notebooks call it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.check.subject import Bench, ContractError, Subject, require_equal
from nndl.net.layer import Layer

Array = NDArray[Any]


class Direct:
    """A layer's pair with its own copies of parameters and param dict."""

    def __init__(self, layer: Layer, bench: Bench) -> None:
        self.layer = layer
        self.params = {name.rpartition(".")[2]: value.copy() for name, value in bench.params.items()}
        self.buffers = {name.rpartition(".")[2]: value.copy() for name, value in bench.buffers.items()}

    def forward(self, x: Array) -> tuple[Array, Any]:
        state: dict[str, Any] = {**self.layer.options(), **self.buffers, "mode": "train"}
        if self.layer.draws:
            state.update(rng=np.random.default_rng(0), seed=0)
        return self.layer.pair.forward(x, *self.layer.arguments(self.params, state))

    def backward(self, dout: Array, cache: Any) -> dict[str, Array]:
        result = self.layer.pair.backward(dout, cache)
        values = result if isinstance(result, tuple) else (result,)
        names = ("x", *self.layer.gradients)
        if len(values) != len(names):
            raise ContractError(f"backward returns {len(values)} values, should be {', '.join('d' + n for n in names)}")
        wanted = {"x", *self.params}
        return {name: value for name, value in zip(names, values, strict=True) if name in wanted}


def gradient_shapes(layer: Layer, subject: Subject) -> None:
    """Check that dx has the shape of x, dw that of w."""
    direct = Direct(layer, subject.bench())
    x = subject.batch(3)
    out, cache = direct.forward(x)
    for name, value in direct.backward(subject.upstream(out), cache).items():
        wanted = x.shape if name == "x" else direct.params[name].shape
        if np.shape(value) != wanted:
            raise ContractError(f"d{name} has shape {np.shape(value)}, {name} has {wanted}")
        if value.dtype != subject.dtype:
            raise ContractError(f"d{name} is {value.dtype}, x is {subject.dtype}")


def calls_are_independent(layer: Layer, subject: Subject) -> None:
    """Check that a second forward leaves the first one's output and cache alone: two uses of a layer do not mix."""
    direct = Direct(layer, subject.bench())
    x, other = subject.batch(4), subject.batch(4, stream=1)
    out, cache = direct.forward(x)
    dout = subject.upstream(out)
    kept, wanted = out.copy(), {name: value.copy() for name, value in direct.backward(dout, cache).items()}
    second, second_cache = direct.forward(other)
    if not np.array_equal(out, kept):
        raise ContractError("the second call of forward overwrites the output of the first")
    gradients = direct.backward(dout, cache)
    require_equal("gradient from a cache older than the last forward", gradients, wanted, 0.0)
    direct.backward(subject.upstream(second), second_cache)
    require_equal("gradient kept over the next backward", gradients, wanted, 0.0)


def any_strides(layer: Layer, subject: Subject) -> None:
    """Check that x and dout may be views with any strides: transposed, or every second element of a larger array."""
    direct = Direct(layer, subject.bench())
    x = subject.batch(4)
    out, cache = direct.forward(x)
    dout = subject.upstream(out)
    wanted = direct.backward(dout, cache)
    for how, view in (("reversed axes in memory", _reversed_axes), ("gaps in memory", _with_gaps)):
        found, found_cache = direct.forward(view(x))
        require_equal(f"output for x with {how}", found, out, subject.agreement)
        gradients = direct.backward(view(dout), found_cache)
        require_equal(f"gradient for x and dout with {how}", gradients, wanted, subject.agreement)


def _reversed_axes(x: Array) -> Array:
    return np.ascontiguousarray(x.T).T


def _with_gaps(x: Array) -> Array:
    wide = np.full((*x.shape[:-1], 2 * x.shape[-1]), np.nan, x.dtype)
    wide[..., ::2] = x
    return wide[..., ::2]


CHECKS = (gradient_shapes, calls_are_independent, any_strides)
