"""The subject of a contract: layers in a row, run by an engine, with the gradient of their input."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from nndl.engines.reference import REFERENCE
from nndl.net.contract import Engine
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.plan import Planner
from nndl.net.steps import ConvertStep
from nndl.net.types import Layout, Mode, Shape, layout_of

Array = NDArray[Any]

AGREEMENT = {"float64": 1e-10, "float32": 2e-5}
"""Largest difference of two computations of one value, relative to the larger of 1 and the largest of its array.

Inputs, parameters and upstream gradients are of size 1, so a value that should be zero is zero to this much.
"""


class ContractError(AssertionError):
    """A layer breaks its contract; `check` is the name of the check that says so."""

    check: str = ""


class Bench:
    """Layers planned in both modes, with parameters that hide nothing: no gamma of one, no bias of zero."""

    def __init__(
        self, layers: tuple[Layer, ...], in_shape: Shape, engine: Engine, dtype: str, seed: int, layout: Layout
    ) -> None:
        self.network = network = Network(layers, in_shape, engine, dtype=dtype, seed=seed)
        self.params, self.buffers, self.grads = network.params, network.buffers, network.grads
        self.seed = seed
        self.layout = layout
        self._scatter(np.random.default_rng(seed))
        self._planners = {
            mode: Planner(engine, self.params, self.grads, self.buffers, mode, network.dtype) for mode in get_args(Mode)
        }
        self._chains = {mode: p.chain(network.placed, layout, needs_dx=True) for mode, p in self._planners.items()}

    def _scatter(self, random: np.random.Generator) -> None:
        for name, value in self.params.items():
            self.params[name] = value + 0.3 * random.standard_normal(value.shape)
        for name, value in self.buffers.items():
            is_variance = name.endswith("var")
            self.buffers[name] = (
                random.uniform(0.5, 2.0, value.shape) if is_variance else random.normal(size=value.shape)
            )

    def copy_values(self, other: "Bench") -> None:
        """Take the parameters and running statistics of `other`, which has the same layers."""
        for mine, others in ((self.params, other.params), (self.buffers, other.buffers)):
            for name, value in others.items():
                mine[name] = value

    def forward(self, x: Array, mode: Mode = "train") -> Array:
        """Return the output, in an array of its own; dropout draws the same mask at every call."""
        for path, state in self._planners[mode].drawing.items():
            # Ours draw from rng; a student's, written for the courses, from NumPy's global generator set to seed.
            state["rng"] = np.random.default_rng([self.seed, crc32(path.encode())])
            state["seed"] = self.seed
        chain = self._chains[mode]
        return _lying_as(chain.gives, "the output", chain.forward(_in_layout(x, self.layout))).copy()

    def backward(self, dout: Array) -> dict[str, Array]:
        """Return copies of the gradients of the last forward in training: "x", and each parameter's by its name."""
        chain = self._chains["train"]
        dx = chain.backward(_in_layout(dout, chain.gives))
        if dx is None:
            raise ContractError("backward returns no dx, though it is needed")
        return {"x": dx.copy(), **{name: gradient.copy() for name, gradient in self.grads.items()}}

    def state(self) -> dict[str, Array]:
        """Return copies of the parameters and running statistics."""
        return {name: value.copy() for arrays in (self.params, self.buffers) for name, value in arrays.items()}


def _lying_as(layout: Layout, what: str, value: Array) -> Array:
    """Return `value`, which must lie in memory as the step that gives it says."""
    ordered = value.transpose(0, 2, 3, 1) if layout == "nhwc" else value
    if not ordered.flags.c_contiguous:
        raise ContractError(f"{what} should be {layout} in memory, its strides are {value.strides}")
    return value


def _in_layout(x: Array, layout: Layout) -> Array:
    return ConvertStep(layout, layout).forward(x)


@dataclass(frozen=True)
class Subject:
    """Layers, the shape before them, and what runs them."""

    layers: tuple[Layer, ...]
    in_shape: Shape
    engine: Engine = REFERENCE
    oracle: tuple[Layer, ...] | None = None
    """Layers that mean the same and are known to be right; run by their definitions."""
    dtype: str = "float64"
    seed: int = 0
    scale: float = 1.0
    """Of the batches that are drawn."""

    def __str__(self) -> str:
        kinds = "-".join(layer.kind for layer in self.layers)
        return f"{kinds} for {self.in_shape} on {self.engine.name} in {self.dtype}"

    @property
    def layer(self) -> Layer | None:
        """Return the one layer, where there is only one."""
        return self.layers[0] if len(self.layers) == 1 else None

    @property
    def agreement(self) -> float:
        return AGREEMENT[self.dtype]

    def bench(self, layout: Layout | None = None) -> Bench:
        layout = layout or layout_of(self.in_shape)
        return Bench(self.layers, self.in_shape, self.engine, self.dtype, self.seed, layout)

    def oracle_bench(self, values: Bench) -> Bench:
        """Return the oracle in float64, with the values of `values`."""
        bench = replace(self, layers=self.oracle or self.layers, engine=REFERENCE, dtype="float64").bench()
        bench.copy_values(values)
        return bench

    def batch(self, size: int, stream: int = 0) -> Array:
        """Draw x (size, *in_shape): neither centred nor of variance one."""
        random = np.random.default_rng([self.seed, stream, size])
        return (self.scale * (1.5 * random.standard_normal((size, *self.in_shape)) + 0.5)).astype(self.dtype)

    def upstream(self, out: Array) -> Array:
        """Draw a dout for `out`."""
        return np.random.default_rng([self.seed, 9, *out.shape]).standard_normal(out.shape).astype(self.dtype)


def require_equal(
    what: str, got: Mapping[str, Array] | Array, wanted: Mapping[str, Array] | Array, within: float
) -> None:
    """Raise ContractError where `got` and `wanted` differ by more than `within` times max(1, the largest wanted)."""
    if isinstance(got, Mapping) and isinstance(wanted, Mapping):
        for name, value in wanted.items():
            require_equal(f"{what} (d{name})", got[name], value, within)
        return
    got, wanted = np.asarray(got), np.asarray(wanted)
    if got.shape != wanted.shape:
        raise ContractError(f"{what}: shape {got.shape}, should be {wanted.shape}")
    apart = np.abs(np.asarray(got, np.float64) - wanted)
    size = max(1.0, float(np.abs(wanted).max(initial=0.0)))
    if apart.size and not apart.max() <= within * size:
        place = tuple(
            int(i) for i in np.unravel_index(np.nanargmax(apart) if np.isfinite(apart).any() else 0, apart.shape)
        )
        raise ContractError(f"{what}: at {list(place)} {got[place]:.8g}, should be {wanted[place]:.8g}")
